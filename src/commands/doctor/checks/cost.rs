//! What costs money for nothing, as far as it shows without prices.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use crate::resources::Unread;

pub(in super::super) const CATEGORY: Category = Category {
    name: "cost",
    title: "cost",
    needs: &["credentials", "stack-there"],
    checks: &[Check::new(
        "own-log-expires",
        "the forwarder's own log does not grow forever",
        own_log_expires,
    )],
};

/// Days that the fix keeps the log: those of a stack that `setup` makes.
const DAYS: &str = "14";

fn own_log_expires(evidence: &Evidence) -> Judged {
    let main = evidence.read(Unread::LogGroup, |observed| observed.log_group.as_ref())?;
    let isolated = evidence.read(Unread::Isolated, |observed| &observed.isolated)?;
    let isolated = isolated.values().filter_map(|own| own.log_group.as_ref());
    let all: Vec<_> = main.into_iter().chain(isolated).collect();
    let several = all.len() > 1;
    let judged = all.into_iter().map(|log_group| {
        let finding = match log_group.retention_days {
            Some(days) => Finding::ok(format!("events are kept for {days} days")).with("days", days),
            None => Finding::warn("events are kept, and paid for, forever").fix(Command::own([
                "setup",
                "--log-retention-days",
                DAYS,
                "--yes",
            ])),
        };
        finding.about(several.then_some(log_group.name.as_str()))
    });
    Ok(judged.collect())
}
