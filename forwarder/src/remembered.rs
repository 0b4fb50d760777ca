//! What was delivered beyond a checkpoint.
//!
//! When one record fails, AWS sends everything from it on again, also what had been delivered. A warm
//! process remembers that, so that the log service does not get it twice: records that were delivered, and of
//! a large record that was not finished the events that were. Another process of the function does not know
//! of it: delivery is at least once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// As many as the largest batch of a trigger has records.
const CAPACITY: usize = 10_000;

/// Parts of records by their ids ([`crate::parts::Parts::id`]), each with the number of its events and how
/// many of them, from the first one on, are delivered.
#[derive(Debug, Default)]
pub struct Remembered {
    delivered: HashMap<Arc<str>, (u32, u32)>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Remembered {
    /// The number of events of a part, and how many of them have been delivered before.
    pub fn recall(&self, id: &str) -> Option<(u32, u32)> {
        self.delivered.get(id).copied()
    }

    /// Remembers how much of a part is delivered; the oldest is forgotten when there are too many.
    pub fn remember(&mut self, id: &str, events: u32, delivered: u32) {
        if let Some(known) = self.delivered.get_mut(id) {
            *known = (events, delivered);
            return;
        }
        let id: Arc<str> = id.into();
        self.delivered.insert(Arc::clone(&id), (events, delivered));
        self.oldest_first.push_back(id);
        // What was forgotten on purpose is still in the queue; it makes room first.
        while self.oldest_first.len() > CAPACITY {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.delivered.remove(&oldest);
            }
        }
    }

    /// Forgets a part that will not come again.
    pub fn forget(&mut self, id: &str) {
        self.delivered.remove(id);
        if self.delivered.is_empty() {
            self.oldest_first.clear();
        }
    }

    /// How many parts are remembered.
    pub fn len(&self) -> usize {
        self.delivered.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.delivered.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_remembered_until_forgotten_or_crowded_out() {
        let mut memory = Remembered::default();
        memory.remember("a", 2, 1);
        memory.remember("a", 2, 2);
        assert_eq!((memory.recall("a"), memory.recall("b")), (Some((2, 2)), None));
        memory.forget("a");
        memory.forget("never known");
        assert!(memory.is_empty());
        for number in 0..=CAPACITY {
            memory.remember(&number.to_string(), 1, 1);
        }
        assert_eq!((memory.len(), memory.recall("0"), memory.recall("1")), (CAPACITY, None, Some((1, 1))));
    }
}
