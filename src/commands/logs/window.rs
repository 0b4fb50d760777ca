//! What has been read of one log group. Pure.
//!
//! CloudWatch Logs shows an event seconds after it was written, and not always in the order of the times: an event of
//! another log stream may appear later with an older time. So each poll looks back further than the newest event, and
//! what has been shown is known by its id.

use std::collections::{BTreeMap, HashSet};

use crate::aws::Event;

/// How far a poll looks back from the newest event, in milliseconds: 15 s.
pub(super) const OVERLAP: i64 = 15_000;
/// How far a poll looks back now and then, in milliseconds: 3 min.
pub(super) const SWEEP: i64 = 180_000;

/// What has been read of one log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// Older events are not of interest, or were shown.
    floor: i64,
    /// The time of the newest event, at least the floor.
    newest: i64,
    /// The ids of the events since the floor, by time.
    seen: BTreeMap<i64, HashSet<String>>,
}

impl Window {
    /// Nothing has been read of a log group from this time on, in milliseconds since 1970.
    pub(super) fn new(floor: i64) -> Self {
        Self { floor, newest: floor, seen: BTreeMap::new() }
    }

    /// From where to read next. `now` bounds it, because an event may have a time in the future.
    pub(super) fn from(&self, now: i64, back: i64) -> i64 {
        (self.newest.min(now) - back).max(self.floor)
    }

    /// Whether an event is new. It is not the next time.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        if event.timestamp < self.floor {
            return false;
        }
        self.newest = self.newest.max(event.timestamp);
        let id = match event.id.as_str() {
            "" => format!("{} {}", event.log_stream, event.message),
            id => id.to_owned(),
        };
        self.seen.entry(event.timestamp).or_default().insert(id)
    }

    /// Forgets what no poll looks back to any more.
    pub(super) fn forget(&mut self, now: i64) {
        let floor = self.from(now, SWEEP);
        if floor > self.floor {
            self.floor = floor;
            self.seen = self.seen.split_off(&floor);
        }
    }

    /// Raises the floor to the oldest event that was taken: whatever is older was left out on purpose.
    pub(super) fn begin_with_oldest(&mut self) {
        if let Some((oldest, _)) = self.seen.first_key_value() {
            self.floor = self.floor.max(*oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(timestamp: i64, id: &str) -> Event {
        Event { id: id.to_owned(), log_stream: "s".to_owned(), timestamp, message: "m".to_owned() }
    }

    #[test]
    fn an_event_is_new_once_and_a_late_one_is_new() {
        let mut window = Window::new(1_000);
        assert_eq!(window.from(500_000, OVERLAP), 1_000);
        assert!(window.take(&event(100_000, "a")) && window.take(&event(100_000, "b")));
        assert!(!window.take(&event(100_000, "a")));
        assert!(window.take(&event(90_000, "late")) && !window.take(&event(999, "before")));
        assert_eq!(window.from(500_000, OVERLAP), 85_000);
        // Events without an id are told apart by what they are.
        assert!(window.take(&event(100_000, "")) && !window.take(&event(100_000, "")));
    }

    #[test]
    fn a_time_in_the_future_hides_nothing() {
        let mut window = Window::new(0);
        assert!(window.take(&event(9_000_000, "ahead")));
        assert_eq!(window.from(1_000_000, OVERLAP), 1_000_000 - OVERLAP);
        window.forget(1_000_000);
        assert!(!window.take(&event(9_000_000, "ahead")) && window.take(&event(1_000_000, "now")));
    }

    proptest! {
        /// Whatever comes, in whatever order: what a poll reads back to is known, and no event is new twice.
        #[test]
        fn nothing_is_new_twice(times in proptest::collection::vec((0i64..600_000, 0u8..3), 1..60)) {
            let mut window = Window::new(0);
            let mut taken = HashSet::new();
            for (time, id) in times {
                let event = event(time, &id.to_string());
                let is_new = window.take(&event);
                prop_assert!(!is_new || taken.insert((time, id)), "{time} {id}");
                window.forget(i64::MAX);
                prop_assert!(window.from(i64::MAX, OVERLAP) >= window.floor);
                prop_assert!(window.from(i64::MAX, SWEEP) >= window.floor);
            }
        }
    }
}
