//! What the demo found.

use std::fmt;

use serde::Serialize;

use crate::health::Verdict;
use crate::output::style::{BAD, BOLD, GOOD};
use crate::output::{Next, hanging, visible, width};

/// The result of a demo. It is a success only when nothing was lost and nothing is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DemoReport {
    #[serde(flatten)]
    found: Found,
    /// Why it is no success, a sentence each; empty where it is one.
    problems: Vec<String>,
    /// What to try next.
    next: Next,
    /// Whether every count is shown.
    #[serde(skip)]
    has_details: bool,
}

/// What the demo counted and saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Found {
    /// Events that the application logged and that the filters let through.
    pub(super) events_logged: u64,
    /// Events that the application logged and that the filter patterns leave out on purpose.
    pub(super) events_outside_patterns: u64,
    /// Of `events_logged`, those that arrived at the log service.
    pub(super) lines_delivered: u64,
    /// Of `events_logged`, those that did not.
    pub(super) lines_lost: u64,
    /// Arrivals beyond the first of each event.
    pub(super) lines_duplicated: u64,
    /// Lines that arrived and that the application did not log.
    pub(super) lines_unexplained: u64,
    /// What `status` said of the chain.
    pub(super) verdicts: Verdicts,
    /// How long the log service was away, in seconds.
    #[serde(serialize_with = "crate::output::seconds")]
    pub(super) outage_seconds: f64,
    /// From put-log-events to arrival, the median of all events, in milliseconds.
    pub(super) latency_median_ms: u128,
    /// The same for the slowest event, the outage included.
    pub(super) latency_max_ms: u128,
    /// Names of resources that exist after teardown.
    pub(super) leftovers: Vec<String>,
    /// How many.
    pub(super) resources_left: usize,
    /// Changes that a second `setup` made: none.
    pub(super) second_setup_changes: usize,
    /// Wall time of the demo in seconds, installation included.
    #[serde(serialize_with = "crate::output::seconds")]
    pub(super) seconds: f64,
}

/// What `status` said before, during and after the outage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Verdicts {
    /// Before: that logs flow.
    pub(super) before: Verdict,
    /// While the log service was away: that they do not.
    pub(super) during: Verdict,
    /// After everything has arrived: that they flow again.
    pub(super) after: Verdict,
}

impl Verdicts {
    /// Whether `status` told the truth each time.
    pub(super) fn are_true(&self) -> bool {
        self.before.is_good() && !self.during.is_good() && self.after.is_good()
    }

    /// All three in the order of the demo.
    pub(super) fn in_words(&self) -> String {
        format!("status: {}, {}, {}", self.before.name(), self.during.name(), self.after.name())
    }
}

impl Found {
    /// Why the demo is no success. Each check is one sentence.
    fn problems(&self) -> Vec<String> {
        let Verdicts { before, during, after } = &self.verdicts;
        let status = |when: &str, said: &Verdict, not: &str| {
            format!("`cwl2le status` said {} {when}, when logs were{not} flowing", said.name())
        };
        let checks = [
            (self.events_logged == 0, "the application logged nothing".to_owned()),
            (
                self.lines_lost > 0,
                format!("{} of {} lines did not arrive", self.lines_lost, self.events_logged),
            ),
            (
                self.lines_unexplained > 0,
                format!("lines arrived that the application did not log: {}", self.lines_unexplained),
            ),
            (!before.is_good(), status("before the outage", before, "")),
            (during.is_good(), status("during the outage", during, " not")),
            (!after.is_good(), status("after the outage", after, "")),
            (
                self.second_setup_changes > 0,
                format!(
                    "the second setup should change nothing; changes made: {}",
                    self.second_setup_changes
                ),
            ),
            (
                self.resources_left > 0,
                format!("teardown left {}: {}", self.resources_left, self.leftovers.join(", ")),
            ),
        ];
        checks.into_iter().filter_map(|(is_wrong, why)| is_wrong.then_some(why)).collect()
    }

    /// The lines in one sentence each: delivered, lost, sent twice.
    pub(super) fn total(&self) -> String {
        let style = if self.lines_lost == 0 && self.lines_delivered > 0 { GOOD } else { BAD };
        format!(
            "{style}{BOLD}{} of {} lines delivered. {} lost. {} sent twice.{BOLD:#}{style:#}",
            self.lines_delivered, self.events_logged, self.lines_lost, self.lines_duplicated
        )
    }

    /// Every count, a line each.
    fn counts(&self) -> String {
        let ms = format!(
            "{} ms median, {} ms at most with the log service away for {:.1} s",
            self.latency_median_ms, self.latency_max_ms, self.outage_seconds
        );
        let mut rows = vec![
            ("events logged", self.events_logged.to_string()),
            ("lines delivered", self.lines_delivered.to_string()),
            ("lines lost", self.lines_lost.to_string()),
            ("lines sent twice", self.lines_duplicated.to_string()),
            ("lines unexplained", self.lines_unexplained.to_string()),
            ("events left out", format!("{} by the filter patterns", self.events_outside_patterns)),
            ("latency", ms),
            ("status", self.verdicts.in_words().replacen("status: ", "", 1)),
            ("second setup", format!("{} changes", self.second_setup_changes)),
            ("resources left", self.resources_left.to_string()),
        ];
        rows.retain(|(name, value)| *name != "lines unexplained" || value != "0");
        rows.iter().map(|(name, value)| format!("{name:<18}  {value}\n")).collect()
    }
}

impl DemoReport {
    /// Judges what the demo found.
    pub(super) fn of(found: Found, has_details: bool) -> Self {
        let problems = found.problems();
        let next = match problems.is_empty() {
            true => Next::new()
                .then("cwl2le demo --keep", "leave it running and try the commands yourself")
                .then("cwl2le setup", "in your own AWS account"),
            false => Next::new().then("cwl2le demo --detail", "see what each command said"),
        };
        Self { found, problems, next, has_details }
    }

    /// Whether the chain kept its promise, and `status` told the truth about it.
    pub(crate) fn is_success(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for DemoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_details {
            writeln!(f, "{}", self.found.counts())?;
        }
        writeln!(f, "{}", self.found.total())?;
        for problem in &self.problems {
            writeln!(f, "{}", hanging(&format!("{BAD}✗{BAD:#} "), &visible(problem), width()))?;
        }
        write!(f, "\n{}", self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{OutputFormat, Printer};

    fn found(before: Verdict, during: Verdict, after: Verdict) -> Found {
        Found {
            events_logged: 75,
            events_outside_patterns: 30,
            lines_delivered: 75,
            lines_lost: 0,
            lines_duplicated: 3,
            lines_unexplained: 0,
            verdicts: Verdicts { before, during, after },
            outage_seconds: 4.0,
            latency_median_ms: 60,
            latency_max_ms: 4100,
            leftovers: Vec::new(),
            resources_left: 0,
            second_setup_changes: 0,
            seconds: 20.0,
        }
    }

    fn good() -> Found {
        found(Verdict::Flowing, Verdict::Failing, Verdict::Flowing)
    }

    /// The only reason why this is no success.
    #[track_caller]
    fn fails(found: Found, why: &str) {
        let report = DemoReport::of(found, false);
        assert!(!report.is_success(), "{report}");
        assert_eq!(report.problems, [why]);
        assert!(report.to_string().contains("cwl2le demo --detail"), "{report}");
    }

    #[test]
    fn each_broken_promise_fails_the_demo_and_is_named() {
        let report = DemoReport::of(good(), false);
        assert!(report.is_success(), "{report}");
        fails(Found { lines_lost: 2, lines_delivered: 73, ..good() }, "2 of 75 lines did not arrive");
        fails(Found { lines_unexplained: 3, ..good() }, "lines arrived that the application did not log: 3");
        fails(Found { events_logged: 0, ..good() }, "the application logged nothing");
        fails(
            Found { second_setup_changes: 3, ..good() },
            "the second setup should change nothing; changes made: 3",
        );
        fails(
            Found { resources_left: 1, leftovers: vec!["role cwl-to-kinesis".to_owned()], ..good() },
            "teardown left 1: role cwl-to-kinesis",
        );
    }

    #[test]
    fn a_demo_whose_status_does_not_tell_the_truth_is_no_success() {
        let (good, bad) = (Verdict::Flowing, Verdict::Failing);
        fails(
            found(bad, bad, good),
            "`cwl2le status` said failing before the outage, when logs were flowing",
        );
        fails(
            found(good, good, good),
            "`cwl2le status` said flowing during the outage, when logs were not flowing",
        );
        fails(found(good, bad, bad), "`cwl2le status` said failing after the outage, when logs were flowing");
    }

    #[test]
    fn it_ends_with_the_total_and_what_to_try() {
        let lost = Found {
            lines_lost: 2,
            lines_delivered: 73,
            ..found(Verdict::Flowing, Verdict::Failing, Verdict::Behind)
        };
        let reports = [(good(), false), (good(), true), (lost, false)].map(|(found, has_details)| {
            let mut text = Vec::new();
            let report = DemoReport::of(found, has_details);
            Printer::plain(OutputFormat::Text).report(&mut text, &report).expect("written");
            String::from_utf8(text).expect("UTF-8")
        });
        insta::assert_snapshot!(reports.join("-----\n"));
    }
}
