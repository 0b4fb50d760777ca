//! The commands in the hints of an error, with the flags of the run: each can be pasted as it is.

use crate::error::{Error, Failure};
use crate::flags::CommandLine;

/// The error with the flags of `line` in every command of this program that its hints name. What says why it failed
/// is left as it is: it may quote others.
pub(crate) fn completed(error: Error, line: &CommandLine) -> Error {
    let hint = error.hint.map(|hint| line.completed(&hint));
    let failure = |failure: Failure| {
        let hint = failure.hint.map(|hint| line.completed(&hint));
        Failure { hint, ..failure }
    };
    let more = error.more.map(|mut more| {
        more.also = more.also.into_iter().map(|also| completed(also, line)).collect();
        more
    });
    Error { hint, failed: error.failed.into_iter().map(failure).collect(), more, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Subject};

    #[test]
    fn every_hint_is_for_the_stack_of_the_run() {
        let line = CommandLine::new(["status", "--stack", "blue"]);
        let hint = Some("run `cwl2le setup`".to_owned());
        let resource = Subject {
            kind: "subscription-filter".to_owned(),
            log_group: Some("/a".to_owned()),
            name: "f".to_owned(),
        };
        let failure = Failure {
            resource,
            code: Code::Aws,
            message: "`cwl2le setup` said".to_owned(),
            hint: hint.clone(),
        };
        let failed = vec![failure].into();
        let error =
            completed(Error { failed, hint, ..Error::new(Code::Partial, "`cwl2le plan` said") }, &line);
        let wanted = Some("run `cwl2le setup --stack blue`");
        assert_eq!((error.hint.as_deref(), error.failed[0].hint.as_deref()), (wanted, wanted));
        assert_eq!(
            (error.message.as_str(), error.failed[0].message.as_str()),
            ("`cwl2le plan` said", "`cwl2le setup` said")
        );
    }
}
