//! What was delivered beyond a checkpoint.
//!
//! When one record fails, AWS sends everything from it on again, also what had been delivered, and to
//! several destinations perhaps not to all. A warm process remembers that, so that no log service gets it
//! twice: records that were delivered, and of a large record that was not finished the events that were.
//! Another process of the function does not know of it: delivery is at least once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ledger::Share;

/// As many as the largest batch of a trigger has records.
const CAPACITY: usize = 10_000;

/// A part that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// How many events it holds that are meant for destinations.
    pub events: u32,
    /// How many events it holds besides, which its route drops.
    pub filtered: u32,
    /// All its destinations, and how far each has come.
    pub shares: Vec<Share>,
}

/// Parts of records by their ids ([`crate::parts::Parts::id`]).
#[derive(Debug, Default)]
pub struct Remembered {
    parts: HashMap<Arc<str>, Known>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Remembered {
    /// What is known of a part that has been delivered before, wholly or to some of its destinations.
    pub fn recall(&self, id: &str) -> Option<&Known> {
        self.parts.get(id)
    }

    /// Remembers how much of a part is delivered; the oldest is forgotten when there are too many.
    pub fn remember(&mut self, id: &str, known: Known) {
        if let Some(before) = self.parts.get_mut(id) {
            *before = known;
            return;
        }
        let id: Arc<str> = id.into();
        self.parts.insert(Arc::clone(&id), known);
        self.oldest_first.push_back(id);
        // What was forgotten on purpose is still in the queue; it makes room first.
        while self.oldest_first.len() > CAPACITY {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.parts.remove(&oldest);
            }
        }
    }

    /// Forgets a part that will not come again.
    pub fn forget(&mut self, id: &str) {
        self.parts.remove(id);
        if self.parts.is_empty() {
            self.oldest_first.clear();
        }
    }

    /// How many parts are remembered.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_remembered_until_forgotten_or_crowded_out() {
        let known = |events| Known { events, filtered: 0, shares: Vec::new() };
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
    }
}
