//! What `cwl2le setup` reports: the changes, and how the line went that proves them.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{Exit, Result};
use crate::flags::CommandLine;
use crate::output::visible;
use crate::workflow::ChangeReport;
use crate::workflow::canary::CanaryReport;

/// The result of `setup`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct SetupReport {
    /// The changes.
    #[serde(flatten)]
    pub change: ChangeReport,
    /// How the line of `--test` went, or why none was sent.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_document")]
    pub test: Option<Result<CanaryReport>>,
    /// The command that proves that lines arrive.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub next: Option<CommandLine>,
}

fn as_document<S: Serializer>(
    test: &Option<Result<CanaryReport>>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    match test {
        Some(Ok(report)) => report.serialize(serializer),
        Some(Err(error)) => serializer.collect_map([("error", error)]),
        None => serializer.serialize_none(),
    }
}

fn as_text<S: Serializer>(
    command: &Option<CommandLine>,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(&command.as_ref().map(ToString::to_string).unwrap_or_default())
}

impl SetupReport {
    /// The exit code of the changes; that of the test where they are made.
    pub(crate) fn exit(&self) -> Exit {
        match (self.change.exit(), &self.test) {
            (Exit::Success, Some(Ok(test))) => test.exit(),
            (Exit::Success, Some(Err(error))) => error.code.exit(),
            (exit, _) => exit,
        }
    }
}

impl fmt::Display for SetupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.change)?;
        match &self.test {
            Some(Ok(test)) => write!(f, "\n{test}")?,
            Some(Err(error)) => {
                write!(f, "\nno line was sent to prove it: {}", visible(error))?;
                if let Some(hint) = &error.hint {
                    write!(f, "\nhint: {}", visible(hint))?;
                }
            }
            None => {}
        }
        match &self.next {
            Some(next) => write!(f, "\nprove it: {}", visible(next)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};

    #[test]
    fn a_test_that_could_not_be_made_does_not_hide_what_was_set_up() {
        let denied = Error::new(Code::AccessDenied, "logs:CreateLogGroup on x failed").hint("ask");
        let report = SetupReport {
            change: ChangeReport { command: "setup", stack: "s".to_owned(), ..ChangeReport::default() },
            test: Some(Err(denied)),
            next: None,
        };
        assert_eq!(report.exit(), Exit::Access);
        let text = report.to_string();
        assert!(
            text.contains("stack `s`") && text.contains("logs:CreateLogGroup") && text.ends_with("hint: ask")
        );
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["test"]["error"]["code"], "access-denied");
        assert_eq!(json["stack"], "s");
    }

    #[test]
    fn it_ends_with_the_command_that_proves_it() {
        let next = Some(CommandLine::new(["test", "--stack", "blue"]));
        let report = SetupReport { next, ..SetupReport::default() };
        assert!(report.to_string().ends_with("\nprove it: cwl2le test --stack blue"), "{report}");
        assert_eq!(serde_json::to_value(&report).expect("JSON")["next"], "cwl2le test --stack blue");
    }
}
