//! What a verb that changes something reports.

use std::fmt;

use serde::Serialize;

use crate::error::Exit;
use crate::flags::CommandLine;
use crate::output::visible;
use crate::resources::{Head, Kept, Loss, Plan, Refusal, ResourceId, Step, Verb};

/// The result of `setup`, `plan`, `subscribe`, `unsubscribe` and `teardown`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct ChangeReport {
    /// The command.
    pub command: &'static str,
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether the changes were only shown.
    pub dry_run: bool,
    /// The command that makes the changes, of `plan`.
    #[serde(skip)]
    pub setup: CommandLine,
    /// Whether the question was answered with no, so that nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Whether there was, or would be, anything to do.
    pub changed: bool,
    /// The settings, and where each comes from; of `setup` and `plan`.
    #[serde(skip_serializing_if = "Head::is_empty")]
    pub settings: Head,
    /// The changes, in order.
    pub changes: Vec<Step>,
    /// The resources that need no change.
    pub unchanged: Vec<ResourceId>,
    /// What was left where it is.
    pub kept: Vec<Kept>,
    /// What the changes delete for good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// What cannot be done, of a dry run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
    /// What else there is to know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// AWS calls made, retries included.
    pub calls: u64,
    /// Wall time in seconds.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
}

impl ChangeReport {
    /// Success: the changes were made; or the exit code of a question that was answered with no.
    pub(crate) fn exit(&self) -> Exit {
        if self.cancelled { Exit::Cancelled } else { Exit::Success }
    }
}

impl fmt::Display for ChangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cancelled {
            return f.write_str("Cancelled. Nothing was changed.");
        }
        if self.dry_run {
            let plan = Plan {
                head: self.settings.clone(),
                steps: self.changes.clone(),
                unchanged: self.unchanged.clone(),
                kept: self.kept.clone(),
                refused: self.refused.clone(),
                losses: self.losses.clone(),
                notes: self.notes.clone(),
                planned_at: None,
            };
            let next = match (self.command, self.changed) {
                ("plan", true) => {
                    format!("to make these changes, run `{}`{}", visible(&self.setup), self.setup.needs())
                }
                (_, true) => "nothing was changed: this was a dry run".to_owned(),
                (_, false) => "nothing to change".to_owned(),
            };
            return write!(f, "{plan}\n{next}");
        }
        for kept in &self.kept {
            writeln!(f, "kept {}: {}", kept.resource, visible(&kept.reason))?;
        }
        let stack = format_args!("stack `{}` in {} {}", self.stack, self.account, self.region);
        match (self.command, self.changed) {
            ("teardown", true) if self.kept.is_empty() => write!(f, "{stack}: nothing of it is left"),
            ("teardown", true) => write!(f, "{stack}: removed, except what was kept"),
            ("teardown", false) if self.kept.is_empty() => write!(f, "{stack}: nothing to remove"),
            ("teardown", false) => write!(f, "{stack}: nothing of ours is left to remove"),
            ("unsubscribe", false) => {
                write!(f, "{stack}: nothing to remove: no filter of this stack")
            }
            (_, false) => write!(f, "{stack}: nothing to change"),
            (_, true) => {
                write!(f, "{stack}: {} changed, {} unchanged", self.changes.len(), self.unchanged.len())
            }
        }?;
        write!(f, " ({} AWS calls, {:.1} s)", self.calls, self.seconds)
    }
}

/// What was done to a resource.
pub(crate) const fn past(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Adopt => "adopted",
        Verb::Await => "waited for",
        Verb::Check => "checked",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_ends_with_the_command_that_makes_its_changes() {
        let ends = |args: &[&str], end: &str| {
            let setup = CommandLine::new(args);
            let report =
                ChangeReport { command: "plan", dry_run: true, changed: true, setup, ..Default::default() };
            assert!(report.to_string().ends_with(end), "{report}");
        };
        ends(&["setup", "--stack", "nine"], "to make these changes, run `cwl2le setup --stack nine`");
        ends(
            &["setup", "--token", "x"],
            "`cwl2le setup --token '<token>'`; put the token in place of <token>, or give it with \
              CWL2LE_TOKEN, --token-file, --token-ssm or --token-secret",
        );
    }
}
