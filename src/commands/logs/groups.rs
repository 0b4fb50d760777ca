//! The log groups that the functions of a stack write to.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Config;

use crate::aws::Session;
use crate::error::{Code, Result, did_you_mean_or};
use crate::output::visible;
use crate::resources::function::aws::observe_function;
use crate::resources::{Observed, current_config};
use crate::stack::{Names, RoleScope, StackName};
use crate::workflow::Context;

/// The log group of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Its name.
    pub(super) log_group: String,
    /// The isolated destination that the function serves; none for the main function.
    pub(super) destination: Option<String>,
}

/// Those of all functions: of the main one, and of each isolated destination. Where functions may not be looked at,
/// that of the main function by its name, with a note. A note also says so if the stack has no destination `wanted`.
pub(super) async fn of_stack(
    context: Context<'_>,
    session: &Session,
    stack: &StackName,
    wanted: Option<&str>,
) -> Result<Vec<Group>> {
    let names = Names::new(stack, &session.target.region, RoleScope::Plain);
    let main = |log_group| Group { log_group, destination: None };
    let function = match observe_function(session.into(), &names.function).await.map_err(Into::into) {
        Ok(function) => function,
        Err(error) => {
            unless_denied(error, |why| {
                context.note(&format!(
                    "note: only {} is read: whether the stack has other functions cannot be looked up ({why})",
                    names.function_log_group
                ));
            })?;
            return Ok(vec![main(names.function_log_group)]);
        }
    };
    let function = Observed { function, ..Observed::default() }.in_force().function;
    let config = function.as_ref().and_then(current_config);
    let note = wanted.zip(config.as_ref()).and_then(|(wanted, config)| unknown_destination(config, wanted));
    note.iter().for_each(|note| context.note(note));
    let elsewhere = config.map(|config| config.elsewhere);
    let mut groups =
        vec![main(function.and_then(|is| is.log_group).unwrap_or(names.function_log_group.clone()))];
    for destination in elsewhere.into_iter().flatten() {
        let names = names.isolated(&destination);
        let function = match observe_function(session.into(), &names.function).await.map_err(Into::into) {
            Ok(function) => function,
            Err(error) => unless_denied(error, |_| ()).map(|()| None)?,
        };
        let log_group = function.and_then(|is| is.log_group).unwrap_or(names.function_log_group);
        groups.push(Group { log_group, destination: Some(destination) });
    }
    Ok(groups)
}

/// What to say of a destination that the stack does not have. It may have had it, so its lines are looked for.
fn unknown_destination(config: &Config, wanted: &str) -> Option<String> {
    let names: BTreeSet<&str> =
        config.destinations.keys().chain(&config.elsewhere).map(String::as_str).collect();
    let instead = || did_you_mean_or(wanted, "its destinations are", names.iter().copied());
    (!names.contains(wanted))
        .then(|| format!("note: the stack has no destination `{}`: {}", visible(wanted), instead()))
}

/// Passes on an error, unless AWS only does not allow to look.
fn unless_denied(error: crate::error::Error, note: impl FnOnce(String)) -> Result<()> {
    if error.code != Code::AccessDenied {
        return Err(error);
    }
    note(visible(&error.message));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_that_the_stack_does_not_have_is_told() {
        let config = serde_json::json!({
            "destinations": {"app": {"type": "logentries", "token": "2bfbea1e-10c3-4419-bdad-7e6435882e1f"}}, "elsewhere": ["audit"],
        });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        assert_eq!(unknown_destination(&config, "app"), None);
        assert_eq!(unknown_destination(&config, "audit"), None);
        let told = |wanted| unknown_destination(&config, wanted).expect("a note");
        assert!(
            told("audti").ends_with("no destination `audti`: did you mean `audit`?"),
            "{}",
            told("audti")
        );
        assert!(told("else").ends_with("its destinations are app, audit"), "{}", told("else"));
    }
}
