//! What `cwl2le setup` reports: the changes, and how the line went that proves them.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{Exit, Result};
use crate::output::{hanging, visible, width};
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
            Some(Ok(test)) => write!(f, "\n{test}"),
            Some(Err(error)) => {
                let text = format!("no test line was sent: {}", visible(error));
                write!(f, "\n{}", hanging("", &text, width()))?;
                match &error.hint {
                    Some(hint) => write!(f, "\n{}", hanging(" hint: ", &visible(hint), width())),
                    None => Ok(()),
                }
            }
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
        };
        assert_eq!(report.exit(), Exit::Access);
        let text = report.to_string();
        assert!(
            text.starts_with("No changes. Stack `s`")
                && text.contains("logs:CreateLogGroup")
                && text.ends_with("hint: ask")
        );
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["test"]["error"]["code"], "access-denied");
        assert_eq!(json["stack"], "s");
    }
}
