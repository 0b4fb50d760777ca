//! What a verb that changes something reports.

use std::fmt;

use serde::Serialize;

use super::words::done;
use crate::error::Exit;
use crate::output::style::{BOLD, DIM, GOOD};
use crate::output::{Next, hanging, quantity, visible, width};
use crate::resources::{Cost, Extent, Head, Kept, Loss, Plan, Refusal, ResourceId, Step};

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
    /// What the changes do to the bill, of `setup` and `plan`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// How much of the plan its text shows, of a dry run.
    #[serde(skip)]
    pub shown: Extent,
    /// AWS calls made, retries included.
    pub calls: u64,
    /// Wall time in seconds.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
    /// What to run next.
    #[serde(skip_serializing_if = "Next::is_empty")]
    pub next: Next,
    /// Whether the plan has been shown, with what it keeps and why.
    #[serde(skip)]
    pub is_shown: bool,
}

impl ChangeReport {
    /// Success: the changes were made; or the exit code of a question that was answered with no.
    pub(crate) fn exit(&self) -> Exit {
        if self.cancelled { Exit::Cancelled } else { Exit::Success }
    }
}

impl ChangeReport {
    /// The plan, of a dry run.
    fn plan(&self) -> Plan {
        Plan {
            head: self.settings.clone(),
            steps: self.changes.clone(),
            unchanged: self.unchanged.clone(),
            kept: self.kept.clone(),
            refused: self.refused.clone(),
            losses: self.losses.clone(),
            notes: self.notes.clone(),
            cost: self.cost.clone(),
            planned_at: None,
        }
    }

    /// What is true after the changes, such as `Ready. 54 created in 51.2 s.`
    fn summary(&self) -> String {
        let first = if self.command == "setup" { "Ready." } else { "Done." };
        let what = done(self.changes.iter().map(|step| step.verb));
        let took = quantity::stopwatch(self.seconds);
        let stack = visible(&self.stack);
        let rest = match (self.command, self.kept.len(), self.unchanged.len()) {
            ("teardown", 0, _) => format!(" Nothing of stack `{stack}` is left."),
            (_, 0, 0) => String::new(),
            (_, 0, unchanged) => format!(" {DIM}{unchanged} unchanged.{DIM:#}"),
            (_, kept, _) => format!(" {kept} kept."),
        };
        format!("{GOOD}{BOLD}{first}{BOLD:#} {what} in {took}.{rest}")
    }

    /// What a run said that did more than show a plan, in one sentence.
    pub(crate) fn brief(&self) -> Option<String> {
        match (self.dry_run, self.cancelled, self.changed) {
            (true, ..) => None,
            (_, true, _) => Some("Cancelled. Nothing was changed.".to_owned()),
            (_, _, true) => Some(self.summary()),
            _ => Some(self.no_changes()),
        }
    }

    /// What is true where there was nothing to change.
    fn no_changes(&self) -> String {
        let stack = visible(&self.stack);
        let place = format_args!("{} {}", visible(&self.account), self.region);
        match self.command {
            "teardown" if self.kept.is_empty() => {
                format!("Nothing to delete: there is no stack `{stack}` in {place}.")
            }
            "teardown" => format!("Nothing to delete: what is left is not managed by stack `{stack}`."),
            "unsubscribe" if !self.kept.is_empty() => {
                "Nothing was deleted: the subscription filters above are kept.".to_owned()
            }
            "unsubscribe" => {
                format!(
                    "Nothing to delete: none of these log groups has a subscription filter of stack `{stack}`."
                )
            }
            "upgrade" => format!("Nothing to upgrade: stack `{stack}` runs this forwarder."),
            "rollback" => format!("Nothing to roll back in stack `{stack}`."),
            "subscribe" => format!("No changes. Stack `{stack}` has these subscriptions already."),
            _ => format!("No changes. Stack `{stack}` is up to date."),
        }
    }
}

impl fmt::Display for ChangeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cancelled {
            return f.write_str("Cancelled. Nothing was changed.");
        }
        let put = |f: &mut fmt::Formatter<'_>, text: &str| f.write_str(&hanging("", text, width()));
        if self.dry_run {
            write!(f, "{}", self.plan().shown(self.shown))?;
        }
        match (self.dry_run, self.changed) {
            (true, true) if self.command != "plan" => f.write_str("\n\nDry run: nothing was changed.")?,
            (true, true) => {}
            (true, false) => {
                f.write_str("\n\n")?;
                put(f, &self.no_changes())?;
            }
            (false, changed) => {
                for kept in self.kept.iter().filter(|_| !self.is_shown) {
                    let text = format!("{}: {}", kept.resource, visible(&kept.reason));
                    writeln!(f, "{}", hanging("kept ", &text, width()))?;
                }
                put(f, &if changed { self.summary() } else { self.no_changes() })?;
            }
        }
        if self.next.is_empty() { Ok(()) } else { write!(f, "\n\n{}", self.next) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Kind, Stage, Verb};

    fn report(command: &'static str, verbs: &[Verb]) -> ChangeReport {
        let step = |verb: &Verb| Step {
            stage: Stage::Foundations,
            resource: ResourceId::new(Kind::STREAM, "s"),
            verb: *verb,
            fields: Vec::new(),
            actions: Vec::new(),
        };
        let changes: Vec<Step> = verbs.iter().map(step).collect();
        ChangeReport {
            command,
            stack: "blue".to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            changed: !changes.is_empty(),
            changes,
            seconds: 51.23,
            ..ChangeReport::default()
        }
    }

    #[test]
    fn the_last_sentence_is_what_is_true_now() {
        let text = |report: &ChangeReport| {
            [GOOD, BOLD, DIM].iter().fold(report.to_string(), |text, style| {
                text.replace(&style.to_string(), "").replace(&format!("{style:#}"), "")
            })
        };
        let created = [Verb::Create, Verb::Create];
        assert_eq!(text(&report("setup", &created)), "Ready. 2 created in 51.2 s.");
        let unchanged = vec![ResourceId::new(Kind::ROLE, "r")];
        let updated = ChangeReport { unchanged: unchanged.clone(), ..report("setup", &[Verb::Update]) };
        assert_eq!(text(&updated), "Ready. 1 updated in 51.2 s. 1 unchanged.");
        let filter = report("subscribe", &created);
        assert_eq!(text(&filter), "Done. 2 created in 51.2 s.");
        let deleted = report("teardown", &[Verb::Delete]);
        assert_eq!(text(&deleted), "Done. 1 deleted in 51.2 s. Nothing of stack `blue` is left.");
        let reason = "others read from it".to_owned();
        let kept = vec![Kept { resource: ResourceId::new(Kind::STREAM, "s"), reason }];
        let partly = ChangeReport { kept, ..deleted };
        assert_eq!(text(&partly), "kept stream s: others read from it\nDone. 1 deleted in 51.2 s. 1 kept.");
        let shown = ChangeReport { is_shown: true, ..partly };
        assert_eq!(text(&shown), "Done. 1 deleted in 51.2 s. 1 kept.");
        for (command, says) in [
            ("setup", "No changes. Stack `blue` is up to date."),
            ("subscribe", "No changes. Stack `blue` has these subscriptions already."),
            ("teardown", "Nothing to delete: there is no stack `blue` in 123456789012 eu-west-1."),
        ] {
            assert_eq!(text(&report(command, &[])), says);
        }
        let cancelled = ChangeReport { cancelled: true, ..report("setup", &created) };
        assert_eq!(text(&cancelled), "Cancelled. Nothing was changed.");
    }

    #[test]
    fn a_dry_run_says_that_it_was_one_and_what_makes_the_changes() {
        let next = Next::new().then("cwl2le teardown", "make these changes");
        let shown = ChangeReport { dry_run: true, next, ..report("teardown", &[Verb::Delete]) };
        let text = shown.to_string();
        assert!(
            text.contains("\n\nDry run: nothing was changed.\n\n") && text.contains("cwl2le teardown"),
            "{text}"
        );
        let json = serde_json::to_value(&shown).expect("JSON");
        assert_eq!(json["next"][0]["command"], "cwl2le teardown");
    }
}
