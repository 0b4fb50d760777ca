//! What was logged against what arrived.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Every event that must arrive, and how often it did.
#[derive(Debug, Default)]
pub(super) struct Tally {
    events: BTreeMap<String, Event>,
    strangers: u64,
}

#[derive(Debug)]
struct Event {
    logged: Instant,
    arrivals: u64,
    latency: Option<Duration>,
}

impl Tally {
    /// An event was logged.
    pub(super) fn logged(&mut self, id: String, at: Instant) {
        self.events.insert(id, Event { logged: at, arrivals: 0, latency: None });
    }

    /// A line arrived; returns how long after it was logged, on its first arrival.
    pub(super) fn arrived(&mut self, id: Option<&str>, at: Instant) -> Option<Duration> {
        let Some(event) = id.and_then(|id| self.events.get_mut(id)) else {
            self.strangers += 1;
            return None;
        };
        event.arrivals += 1;
        if event.arrivals == 1 {
            event.latency = Some(at.saturating_duration_since(event.logged));
            return event.latency;
        }
        None
    }

    /// Events logged.
    pub(super) fn total(&self) -> u64 {
        self.events.len() as u64
    }

    /// Events that arrived at least once.
    pub(super) fn delivered(&self) -> u64 {
        self.events.values().filter(|e| e.arrivals > 0).count() as u64
    }

    /// Events that did not arrive.
    pub(super) fn lost(&self) -> u64 {
        self.total() - self.delivered()
    }

    /// Arrivals beyond the first of each event.
    pub(super) fn duplicated(&self) -> u64 {
        self.events.values().map(|e| e.arrivals.saturating_sub(1)).sum()
    }

    /// Lines that no event explains.
    pub(super) fn strangers(&self) -> u64 {
        self.strangers
    }

    /// The latency that half of the events did not exceed, and the longest.
    pub(super) fn latencies(&self) -> Option<(Duration, Duration)> {
        let mut all: Vec<Duration> = self.events.values().filter_map(|e| e.latency).collect();
        all.sort();
        Some((*all.get(all.len() / 2)?, *all.last()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_duplicated_and_unknown_lines_are_told_apart() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        for id in ["a", "b", "c"] {
            tally.logged(id.to_owned(), now);
        }
        assert_eq!(tally.arrived(Some("a"), now + Duration::from_secs(1)), Some(Duration::from_secs(1)));
        assert_eq!(tally.arrived(Some("a"), now), None);
        tally.arrived(Some("b"), now);
        tally.arrived(Some("x"), now);
        tally.arrived(None, now);
        assert_eq!(
            (tally.total(), tally.delivered(), tally.lost(), tally.duplicated(), tally.strangers()),
            (3, 2, 1, 1, 2)
        );
        assert_eq!(tally.latencies(), Some((Duration::from_secs(1), Duration::from_secs(1))));
    }
}
