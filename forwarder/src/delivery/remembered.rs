//! What was delivered beyond a checkpoint.
//!
//! When one record fails, AWS sends everything from it on again, also what had been delivered, and to
//! several destinations perhaps not to all. A warm process remembers that, so that no log service gets it
//! twice: records that were delivered, and of a large record that was not finished the events that were.
//! Another process of the function does not know of it: delivery is at least once.
//!
//! What comes again is remembered again each time. What has not come again for a day is forgotten: by then its record
//! has expired, or the stream is being read from the start, to get everything once more.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::fate::Share;

/// Maximum number of parts: as many as the largest batch of a trigger has records.
const CAPACITY: usize = 10_000;

/// Maximum time for which a part is remembered that does not come again. The clock may stand still while Lambda has
/// frozen the process, so it can be longer by the time of day.
const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A part that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// How many events it holds that are meant for destinations.
    pub(super) events: u32,
    /// How many events it holds besides, which its route drops.
    pub(super) filtered: u32,
    /// All its destinations, and how far each has come.
    pub(super) shares: Vec<Share>,
}

/// Parts of records by their ids ([`crate::record::parts::Parts::id`]).
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// Each with the number of its last turn in the queue.
    parts: HashMap<Arc<str>, (Known, u64)>,
    /// Every time that a part was remembered, the oldest first. Only the last turn of a part counts.
    turns: VecDeque<Turn>,
    next: u64,
}

#[derive(Debug)]
struct Turn {
    id: Arc<str>,
    number: u64,
    at: Instant,
}

impl Remembered {
    /// What is known of a part that has been delivered before, wholly or to some of its destinations.
    pub(super) fn recall(&self, id: &str) -> Option<&Known> {
        self.parts.get(id).map(|(known, _)| known)
    }

    /// Remembers how much of a part is delivered; the oldest is forgotten when there are too many.
    pub(super) fn remember(&mut self, id: &str, known: Known) {
        let id: Arc<str> = id.into();
        self.parts.insert(Arc::clone(&id), (known, self.next));
        self.turns.push_back(Turn { id, number: self.next, at: Instant::now() });
        self.next += 1;
        while self.parts.len() > CAPACITY {
            self.forget_oldest();
        }
        if self.turns.len() > 2 * CAPACITY {
            let parts = &self.parts;
            self.turns.retain(|turn| parts.get(&turn.id).is_some_and(|(_, last)| *last == turn.number));
        }
    }

    /// Forgets a part that will not come again.
    pub(super) fn forget(&mut self, id: &str) {
        self.parts.remove(id);
        if self.parts.is_empty() {
            self.turns.clear();
        }
    }

    /// Forgets what has not come again for too long.
    pub(super) fn forget_old(&mut self) {
        let now = Instant::now();
        while self.turns.front().is_some_and(|turn| now.duration_since(turn.at) > AGE) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some(Turn { id, number, .. }) = self.turns.pop_front() else { return };
        if self.parts.get(&id).is_some_and(|(_, last)| *last == number) {
            self.parts.remove(&id);
        }
    }

    /// How many parts are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether none is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(events: u32) -> Known {
        Known { events, filtered: 0, shares: Vec::new() }
    }

    #[test]
    fn parts_are_remembered_until_forgotten_or_crowded_out() {
        let mut memory = Remembered::default();
        memory.remember("a", known(1));
        memory.remember("a", known(2));
        assert_eq!((memory.recall("a"), memory.recall("b")), (Some(&known(2)), None));
        memory.forget("a");
        memory.forget("never known");
        assert!(memory.is_empty());
        for number in 0..=CAPACITY {
            memory.remember(&number.to_string(), known(1));
        }
        assert_eq!((memory.len(), memory.recall("0"), memory.recall("1")), (CAPACITY, None, Some(&known(1))));
        // One that is remembered again is the newest, however often it has been forgotten.
        for _ in 0..3 * CAPACITY {
            memory.remember("1", known(3));
            memory.forget("1");
            memory.remember("1", known(4));
        }
        memory.remember("new", known(1));
        assert_eq!((memory.len(), memory.recall("2"), memory.recall("1")), (CAPACITY, None, Some(&known(4))));
        assert!(memory.turns.len() <= 2 * CAPACITY);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_again_is_forgotten_after_a_day() {
        let mut memory = Remembered::default();
        memory.remember("comes again", known(1));
        memory.remember("does not", known(1));
        tokio::time::advance(AGE - Duration::from_secs(1)).await;
        memory.remember("comes again", known(2));
        memory.forget_old();
        assert_eq!(memory.len(), 2);
        tokio::time::advance(Duration::from_secs(2)).await;
        memory.forget_old();
        assert_eq!((memory.recall("does not"), memory.recall("comes again")), (None, Some(&known(2))));
        tokio::time::advance(AGE).await;
        memory.forget_old();
        assert!(memory.is_empty() && memory.turns.is_empty());
    }
}
