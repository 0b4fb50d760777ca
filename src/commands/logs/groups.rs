//! The log groups that the functions of a stack write to.

use crate::aws::Session;
use crate::error::{Code, Result};
use crate::output::visible;
use crate::resources::current_config;
use crate::resources::function::aws::observe_function;
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
/// that of the main function by its name, with a note.
pub(super) async fn of_stack(
    context: Context<'_>,
    session: &Session,
    stack: &StackName,
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
    let elsewhere = function.as_ref().and_then(current_config).map(|config| config.elsewhere);
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

/// Passes on an error, unless AWS only does not allow to look.
fn unless_denied(error: crate::error::Error, note: impl FnOnce(String)) -> Result<()> {
    if error.code != Code::AccessDenied {
        return Err(error);
    }
    note(visible(&error.message));
    Ok(())
}
