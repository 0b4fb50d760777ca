//! Where the forwarder keeps records that no retry can help.

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::quarantine::Place;

use super::destinations::current;
use super::values::{BucketOwner, Quarantine};
use crate::error::{Code, Error, Result};
use crate::resources::{Observed, whole_config};

/// The forwarder's configuration with the quarantine that was asked for; with the one that it has where none was.
///
/// # Errors
/// A function whose configuration is missing.
pub(super) fn wanted(
    config: Option<Config>,
    asked: Option<&Quarantine>,
    observed: &Observed,
) -> Result<Option<Config>> {
    let Some(asked) = asked else { return Ok(config) };
    match config {
        Some(config) => Ok(Some(Config { quarantine: asked.place(), ..config })),
        // The planner says what a function needs that is to be made, or that cannot be read.
        None if observed.function.is_none() || whole_config(observed).is_err() => Ok(None),
        None => {
            let problem = "a quarantine belongs to the function's configuration, and that is missing";
            Err(Error::new(Code::Usage, problem)
                .on(asked.to_string())
                .hint("give the log service as well: --token, or the destinations in cwl2le.toml"))
        }
    }
}

/// The account that owns the buckets, if it is another one: as asked for, else as the configuration has it.
pub(super) fn owner(asked: Option<&BucketOwner>, config: Option<&Config>) -> Option<String> {
    match asked {
        Some(asked) => asked.account(),
        None => config.and_then(|config| config.bucket_owner.clone()),
    }
}

/// The place that was asked for; where none was, the one that the function has, if it can be read.
pub(super) fn outlined(asked: Option<&Quarantine>, observed: &Observed) -> Option<Place> {
    match asked {
        Some(asked) => asked.place(),
        None => current(observed).and_then(|config| config.quarantine),
    }
}

#[cfg(test)]
mod tests {
    use super::super::describe_tests::account;
    use super::super::tests::{TOKEN, stack};
    use super::*;
    use crate::resources::Stack;

    fn place(stack: &Stack) -> Option<String> {
        let place = stack.function.config.as_ref()?.quarantine.as_ref()?.to_string();
        let grant = format!("arn:aws:s3:::{}/*", place.strip_prefix("s3://")?);
        assert!(stack.function_role.policy.to_string().contains(&grant), "{}", stack.function_role.policy);
        Some(place)
    }

    #[test]
    fn a_flag_wins_over_the_file_and_what_is_not_asked_for_stays() {
        let token = ["--token", TOKEN];
        let file = "[function]\nquarantine = \"s3://of-the-file/a\"";
        let none = Observed::default();
        let made = stack(&token, file, &none).expect("a stack");
        assert_eq!(place(&made).as_deref(), Some("s3://of-the-file/a"));
        let flag = [&token[..], &["--quarantine", "s3://of-the-flag"]].concat();
        let made = stack(&flag, file, &none).expect("a stack");
        assert_eq!(place(&made).as_deref(), Some("s3://of-the-flag"));

        let (there, _) = account(&made);
        assert_eq!(place(&stack(&[], "", &there).expect("a stack")).as_deref(), Some("s3://of-the-flag"));
        for (flags, text) in
            [(&["--quarantine", "none"][..], ""), (&[][..], "[function]\nquarantine = \"none\"")]
        {
            let gone = stack(flags, text, &there).expect("a stack");
            assert_eq!(place(&gone), None);
            assert!(!gone.function_role.policy.to_string().contains("s3:PutObject"));
        }
    }

    #[test]
    fn it_is_not_forgotten_where_the_function_has_no_configuration() {
        let (mut there, _) = account(&stack(&["--token", TOKEN], "", &Observed::default()).expect("a stack"));
        let function = there.function.as_mut().expect("a function");
        function.environment.clear();
        function.tags.clear();
        let refused = stack(&["--quarantine", "s3://bucket"], "", &there).expect_err("nowhere to write it");
        assert_eq!(refused.code, Code::Usage);
    }
}
