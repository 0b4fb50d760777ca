//! Where the forwarder keeps records that no retry can help.

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::quarantine::Place;

use super::destinations::current;
use super::forms;
use crate::error::{Code, Error, Result};
use crate::resources::{Observed, whole_config};

/// The forwarder's configuration with the quarantine that was asked for; with the one that it has where none was.
///
/// # Errors
/// A place that is none; a function whose configuration is missing.
pub(super) fn wanted(
    config: Option<Config>,
    asked: Option<&str>,
    observed: &Observed,
) -> Result<Option<Config>> {
    let Some(asked) = asked else { return Ok(config) };
    let place = read(asked)?;
    match config {
        Some(config) => Ok(Some(Config { quarantine: place, ..config })),
        // The planner says what a function needs that is to be made, or that cannot be read.
        None if observed.function.is_none() || whole_config(observed).is_err() => Ok(None),
        None => {
            let problem = "a quarantine belongs to the function's configuration, and that is missing";
            Err(Error::new(Code::Usage, problem)
                .on(asked)
                .hint("give the log service, too: --token or the destinations in cwl2le.toml write it anew"))
        }
    }
}

/// The account that owns the buckets, if it is another one: as asked for, else as the configuration has it.
///
/// # Errors
/// What is no account.
pub(super) fn owner(asked: Option<&str>, config: Option<&Config>) -> Result<Option<String>> {
    let Some(asked) = asked else { return Ok(config.and_then(|config| config.bucket_owner.clone())) };
    forms::bucket_owner(asked).map_err(|problem| {
        Error::new(Code::Usage, format!("--bucket-owner: {problem}"))
            .on(asked)
            .hint("for example --bucket-owner 222222222222, or `own`")
    })
}

/// The place that was asked for; where none was, the one that the function has, if it can be read.
///
/// # Errors
/// A place that is none.
pub(super) fn outlined(asked: Option<&str>, observed: &Observed) -> Result<Option<Place>> {
    match asked {
        Some(asked) => read(asked),
        None => Ok(current(observed).and_then(|config| config.quarantine)),
    }
}

fn read(asked: &str) -> Result<Option<Place>> {
    forms::quarantine(asked).map_err(|problem| {
        Error::new(Code::Usage, format!("--quarantine: {problem}"))
            .on(asked)
            .hint("for example --quarantine s3://my-bucket/cwl2le, or `none`")
    })
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
