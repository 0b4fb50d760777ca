//! What was logged against what arrived.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The part of the demo in which an event is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Before the outage.
    Before,
    /// While the log service is down.
    Outage,
    /// After the outage.
    After,
}

/// Every event that must arrive, and how often it did.
#[derive(Debug, Default)]
pub(super) struct Tally {
    events: BTreeMap<String, Event>,
    strangers: u64,
}

#[derive(Debug)]
struct Event {
    act: Act,
    logged: Instant,
    arrivals: u64,
    latency: Option<Duration>,
}

/// The events of one act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// Logged.
    pub(super) total: u64,
    /// Of these, arrived at least once.
    pub(super) arrived: u64,
}

impl Count {
    /// Those that have not arrived.
    pub(super) fn missing(&self) -> u64 {
        self.total - self.arrived
    }
}

impl Tally {
    /// An event was logged.
    pub(super) fn logged(&mut self, id: String, act: Act, at: Instant) {
        self.events.insert(id, Event { act, logged: at, arrivals: 0, latency: None });
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

    /// The events of an act.
    pub(super) fn count(&self, act: Act) -> Count {
        let of_act = || self.events.values().filter(|event| event.act == act);
        Count {
            total: of_act().count() as u64,
            arrived: of_act().filter(|event| event.arrivals > 0).count() as u64,
        }
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
        let all = latencies(self.events.values());
        Some((*all.get(all.len() / 2)?, *all.last()?))
    }

    /// The latency that half of the events of an act did not exceed.
    pub(super) fn median(&self, act: Act) -> Option<Duration> {
        let all = latencies(self.events.values().filter(|event| event.act == act));
        all.get(all.len() / 2).copied()
    }

    /// When the last event of an act arrived for the first time.
    pub(super) fn last_arrival(&self, act: Act) -> Option<Instant> {
        let of_act = self.events.values().filter(|event| event.act == act);
        of_act.filter_map(|event| Some(event.logged + event.latency?)).max()
    }
}

/// The latencies of those that arrived, sorted.
fn latencies<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<Duration> {
    let mut all: Vec<Duration> = events.filter_map(|event| event.latency).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn lost_duplicated_and_unknown_lines_are_told_apart() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        for id in ["a", "b", "c"] {
            tally.logged(id.to_owned(), Act::Before, now);
        }
        assert_eq!(tally.arrived(Some("a"), now + SECOND), Some(SECOND));
        assert_eq!(tally.arrived(Some("a"), now), None);
        tally.arrived(Some("b"), now);
        tally.arrived(Some("x"), now);
        tally.arrived(None, now);
        assert_eq!(
            (tally.total(), tally.delivered(), tally.lost(), tally.duplicated(), tally.strangers()),
            (3, 2, 1, 1, 2)
        );
        assert_eq!(tally.latencies(), Some((SECOND, SECOND)));
    }

    #[test]
    fn each_act_has_its_own_events() {
        let (mut tally, now) = (Tally::default(), Instant::now());
        for (id, act) in [("a", Act::Before), ("b", Act::Outage), ("c", Act::Outage)] {
            tally.logged(id.to_owned(), act, now);
        }
        tally.arrived(Some("a"), now + SECOND);
        tally.arrived(Some("c"), now + 3 * SECOND);
        assert_eq!(tally.count(Act::Before), Count { total: 1, arrived: 1 });
        assert_eq!(tally.count(Act::Outage), Count { total: 2, arrived: 1 });
        assert_eq!((tally.count(Act::Outage).missing(), tally.count(Act::After).total), (1, 0));
        assert_eq!((tally.median(Act::Before), tally.median(Act::After)), (Some(SECOND), None));
        assert_eq!(tally.last_arrival(Act::Outage), Some(now + 3 * SECOND));
    }
}
