//! What was delivered beyond a checkpoint.
//!
//! When one record fails, AWS sends everything from it on again, also what had been delivered. A warm
//! process remembers that, so that the log service does not get it twice. Another process of the function
//! does not know of it: delivery is at least once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// As many as the largest batch of a trigger has records.
const CAPACITY: usize = 10_000;

/// Records by their `eventID` (shard and sequence number), with the number of their events.
#[derive(Debug, Default)]
pub struct Remembered {
    events: HashMap<Arc<str>, u64>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Remembered {
    /// The number of events of a record that has been delivered before.
    pub fn recall(&self, event_id: &str) -> Option<u64> {
        self.events.get(event_id).copied()
    }

    /// Remembers a delivered record; the oldest is forgotten when there are too many.
    pub fn remember(&mut self, event_id: &str, events: u64) {
        if self.events.contains_key(event_id) {
            return;
        }
        let id: Arc<str> = event_id.into();
        self.events.insert(Arc::clone(&id), events);
        self.oldest_first.push_back(id);
        // What was forgotten on purpose is still in the queue; it makes room first.
        while self.oldest_first.len() > CAPACITY {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.events.remove(&oldest);
            }
        }
    }

    /// Forgets a record that will not come again.
    pub fn forget(&mut self, event_id: &str) {
        self.events.remove(event_id);
        if self.events.is_empty() {
            self.oldest_first.clear();
        }
    }

    /// How many records are remembered.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_remembered_until_forgotten_or_crowded_out() {
        let mut memory = Remembered::default();
        memory.remember("a", 2);
        memory.remember("a", 2);
        assert_eq!((memory.recall("a"), memory.recall("b")), (Some(2), None));
        memory.forget("a");
        memory.forget("never known");
        assert!(memory.is_empty());
        for number in 0..=CAPACITY {
            memory.remember(&number.to_string(), 1);
        }
        assert_eq!((memory.len(), memory.recall("0"), memory.recall("1")), (CAPACITY, None, Some(1)));
    }
}
