//! What the demo found.

use std::fmt;

use serde::Serialize;

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

impl DemoReport {
    /// Whether the chain kept its promise.
    pub(crate) fn is_success(&self) -> bool {
        self.lines_lost == 0
            && self.resources_left == 0
            && self.lines_unexplained == 0
            && self.second_setup_changes == 0
            && self.events_logged > 0
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
        writeln!(f, "second setup       {:>6} changes", self.second_setup_changes)?;
        write!(f, "resources left     {:>6}", self.resources_left)?;
        for name in &self.leftovers {
            write!(f, "\n  {name}")?;
        }
        Ok(())
    }
}
