//! What the demo found.

use std::fmt;

use serde::Serialize;

use crate::health::Verdict;

/// The result of a demo. It is a success only when nothing was lost and nothing is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DemoReport {
    /// Events that the application logged and that the filters let through.
    pub events_logged: u64,
    /// Events that the application logged and that the filter patterns leave out by intention.
    pub events_outside_patterns: u64,
    /// Of `events_logged`, those that arrived at the log service.
    pub lines_delivered: u64,
    /// Of `events_logged`, those that did not.
    pub lines_lost: u64,
    /// Arrivals beyond the first of each event.
    pub lines_duplicated: u64,
    /// Lines that arrived and that the application did not log.
    pub lines_unexplained: u64,
    /// What `status` said of the chain.
    pub verdicts: Verdicts,
    /// How long the log service was away, in seconds.
    #[serde(serialize_with = "crate::output::seconds")]
    pub outage_seconds: f64,
    /// From put-log-events to arrival, the median of all events, in milliseconds.
    pub latency_median_ms: u128,
    /// The same for the slowest event, the outage included.
    pub latency_max_ms: u128,
    /// Names of resources that exist after teardown.
    pub leftovers: Vec<String>,
    /// How many.
    pub resources_left: usize,
    /// Changes that a second `setup` would have made: none.
    pub second_setup_changes: usize,
    /// Wall time of the demo in seconds, installation included.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
}

/// What `status` said before, during and after the outage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Verdicts {
    /// Before: that logs flow.
    pub before: Verdict,
    /// While the log service was away: that they do not.
    pub during: Verdict,
    /// After everything has arrived: that they flow again.
    pub after: Verdict,
}

impl Verdicts {
    /// Whether `status` told the truth each time.
    fn are_true(&self) -> bool {
        self.before.is_good() && !self.during.is_good() && self.after.is_good()
    }
}

impl DemoReport {
    /// Whether the chain kept its promise, and `status` told the truth about it.
    pub(crate) fn is_success(&self) -> bool {
        self.lines_lost == 0
            && self.resources_left == 0
            && self.lines_unexplained == 0
            && self.second_setup_changes == 0
            && self.events_logged > 0
            && self.verdicts.are_true()
    }
}

impl fmt::Display for DemoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "events logged      {:>6}", self.events_logged)?;
        writeln!(f, "lines delivered    {:>6}", self.lines_delivered)?;
        writeln!(f, "lines lost         {:>6}", self.lines_lost)?;
        writeln!(f, "lines duplicated   {:>6}", self.lines_duplicated)?;
        if self.lines_unexplained > 0 {
            writeln!(f, "lines unexplained  {:>6}", self.lines_unexplained)?;
        }
        writeln!(
            f,
            "latency            {:>6} ms median, {} ms at most with the log service away for {:.1} s",
            self.latency_median_ms, self.latency_max_ms, self.outage_seconds
        )?;
        let Verdicts { before, during, after } = &self.verdicts;
        writeln!(f, "status             {}, then {}, then {}", before.name(), during.name(), after.name())?;
        writeln!(f, "second setup       {:>6} changes", self.second_setup_changes)?;
        write!(f, "resources left     {:>6}", self.resources_left)?;
        for name in &self.leftovers {
            write!(f, "\n  {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(before: Verdict, during: Verdict, after: Verdict) -> DemoReport {
        DemoReport {
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

    #[test]
    fn a_demo_whose_status_does_not_tell_the_truth_is_no_success() {
        let (good, bad) = (Verdict::Flowing, Verdict::Failing);
        assert!(report(good, bad, good).is_success());
        for (before, during, after) in [(bad, bad, good), (good, good, good), (good, bad, bad)] {
            assert!(!report(before, during, after).is_success(), "{before:?}, {during:?}, {after:?}");
        }
        assert!(!DemoReport { lines_lost: 1, ..report(good, bad, good) }.is_success());
        assert!(
            report(good, bad, good)
                .to_string()
                .contains("status             flowing, then failing, then flowing")
        );
    }
}
