//! What `cwl2le upgrade` reports.

use std::fmt;

use serde::Serialize;

use super::counted::counted;
use super::moved::{Moved, versions};
use super::watch::Seen;
use crate::error::Exit;
use crate::health::Trial;
use crate::output::quantity::{span, stopwatch};
use crate::output::style::{BAD, BOLD, GOOD, WARN};
use crate::output::{hanging, visible, width};
use crate::workflow::ChangeReport;
use crate::workflow::canary::Hop;

/// The result of `upgrade`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct UpgradeReport {
    /// The changes.
    #[serde(flatten)]
    pub change: ChangeReport,
    /// How it ended.
    pub outcome: Outcome,
    /// The functions whose live version changed, or was to change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Moved>,
    /// How the canary went at each destination; none where none was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<Vec<Hop>>,
    /// What the new version did in the time of `--watch`; none where nobody watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watched>,
    /// Why the new version is not live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How an upgrade ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Nothing was changed: there was nothing to upgrade, it was only shown, or the question was answered with no.
    #[default]
    Unchanged,
    /// The new version is live.
    Live,
    /// The new version failed its canary and never got a record.
    Refused,
    /// The new version failed while it was live, and the version before is live again.
    RolledBack,
}

/// What a new version did while it was watched.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Watched {
    /// How long it was watched.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
    /// Invocations that ended.
    pub invocations: u64,
    /// Invocations and starts that failed as a whole.
    pub errors: u64,
    /// Events that destinations accepted.
    pub events_delivered: u64,
    /// Records that failed and are retried.
    pub records_failed: u64,
    /// Seconds from the arrival of the newest record in the stream to the end of its invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    /// Why the log could not be read to the end, so that little or nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

impl From<&Seen> for Watched {
    fn from(Seen { trial, seconds, unread }: &Seen) -> Self {
        Self {
            seconds: *seconds,
            invocations: trial.invocations,
            errors: trial.errors,
            events_delivered: trial.delivered,
            records_failed: trial.failed,
            lag_seconds: trial.lag_ms.map(|lag| lag / 1000.0),
            unknown: unread.clone(),
        }
    }
}

impl UpgradeReport {
    /// Success, or that the new version is not live.
    pub(crate) fn exit(&self) -> Exit {
        match self.outcome {
            Outcome::Unchanged => self.change.exit(),
            Outcome::Live => Exit::Success,
            Outcome::Refused | Outcome::RolledBack => Exit::Undelivered,
        }
    }

    fn write_watch(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(watch) = &self.watch else { return Ok(()) };
        let text = match (&watch.unknown, watch.invocations + watch.errors) {
            (Some(why), _) => {
                format!("not watched to the end, because the log could not be read: {}", visible(why))
            }
            (None, 0) => {
                format!("no records came in {}, so nothing else is known of it", span(watch.seconds))
            }
            (None, _) => {
                let trial = Trial {
                    invocations: watch.invocations,
                    errors: watch.errors,
                    delivered: watch.events_delivered,
                    failed: watch.records_failed,
                    lag_ms: watch.lag_seconds.map(|lag| lag * 1000.0),
                    fault: None,
                };
                format!("watched for {}: {}", span(watch.seconds), counted(&trial))
            }
        };
        write!(f, "\n{}", hanging("  ", &text, width()))
    }
}

impl fmt::Display for UpgradeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = stopwatch(self.change.seconds);
        let new = versions(self.versions.iter().map(|moved| (moved, Some(moved.to))));
        let old = versions(self.versions.iter().map(|moved| (moved, moved.from)));
        let is = if self.versions.len() > 1 { "are" } else { "is" };
        let verdict = match self.outcome {
            // An alias that named a second version, too, names the same one as before.
            Outcome::Live if self.versions.is_empty() => return self.change.fmt(f),
            Outcome::Unchanged => return self.change.fmt(f),
            Outcome::Live => {
                let bold = format!("{GOOD}{BOLD}Upgraded.{BOLD:#}{GOOD:#}");
                format!("{bold} {} {is} live, after {took}.", capital(&new))
            }
            Outcome::Refused => format!(
                "{BAD}{BOLD}Not upgraded.{BOLD:#}{BAD:#} {} failed the canary and never got a record; {old} {}.",
                capital(&new),
                if self.versions.len() > 1 { "stay live" } else { "stays live" }
            ),
            Outcome::RolledBack => format!(
                "{WARN}{BOLD}Rolled back.{BOLD:#}{WARN:#} {} {is} live again, after {took}.",
                capital(&old)
            ),
        };
        f.write_str(&hanging("", &verdict, width()))?;
        if let Some(why) = &self.why {
            write!(f, "\n{}", hanging("  ", &visible(why), width()))?;
        }
        if self.outcome == Outcome::Live {
            self.write_watch(f)?;
        }
        for note in &self.change.notes {
            write!(f, "\n{}", hanging("  ", &visible(note), width()))?;
        }
        if self.change.next.is_empty() { Ok(()) } else { write!(f, "\n\n{}", self.change.next) }
    }
}

/// A text with its first letter in upper case.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Next, unstyled};

    fn report(outcome: Outcome) -> UpgradeReport {
        let moved = |function: &str, from, to| Moved {
            function: function.to_owned(),
            log_group: String::new(),
            from: Some(from),
            to,
        };
        UpgradeReport {
            change: ChangeReport {
                command: "upgrade",
                seconds: 67.24,
                next: Next::new().then("cwl2le rollback", "go back to version 7"),
                ..ChangeReport::default()
            },
            outcome,
            versions: vec![moved("cwl-to-logentries", 7, 8), moved("cwl-to-logentries-audit", 3, 5)],
            watch: Some(Watched {
                seconds: 60.0,
                invocations: 58,
                events_delivered: 8112,
                lag_seconds: Some(1.0),
                ..Watched::default()
            }),
            ..UpgradeReport::default()
        }
    }

    #[test]
    fn the_text_says_what_is_live_and_why() {
        let why = Some("app did not accept the line: unauthorized".to_owned());
        let one = |report: UpgradeReport| UpgradeReport {
            versions: report.versions.into_iter().take(1).collect(),
            ..report
        };
        let quiet = Watched { seconds: 60.0, ..Watched::default() };
        let denied = Watched { unknown: Some("AWS denied logs:FilterLogEvents".to_owned()), ..quiet.clone() };
        let texts = [
            report(Outcome::Live),
            one(report(Outcome::Live)),
            one(UpgradeReport { watch: Some(quiet), ..report(Outcome::Live) }),
            one(UpgradeReport { watch: Some(denied), ..report(Outcome::Live) }),
            UpgradeReport { why: why.clone(), watch: None, ..report(Outcome::Refused) },
            one(UpgradeReport { why: why.clone(), watch: None, ..report(Outcome::Refused) }),
            one(UpgradeReport { why, ..report(Outcome::RolledBack) }),
        ]
        .map(|report| unstyled(&report.to_string()).to_string());
        insta::assert_snapshot!(texts.join("\n\n----\n\n"));
    }

    #[test]
    fn only_a_live_version_is_a_success() {
        for (outcome, exit) in [
            (Outcome::Unchanged, Exit::Success),
            (Outcome::Live, Exit::Success),
            (Outcome::Refused, Exit::Undelivered),
            (Outcome::RolledBack, Exit::Undelivered),
        ] {
            assert_eq!(report(outcome).exit(), exit);
        }
        let same = UpgradeReport { versions: Vec::new(), ..report(Outcome::Live) };
        assert!(!same.to_string().contains("Upgraded"), "{same}");
        let cancelled = ChangeReport { cancelled: true, ..ChangeReport::default() };
        assert_eq!(UpgradeReport { change: cancelled, ..UpgradeReport::default() }.exit(), Exit::Cancelled);
    }
}
