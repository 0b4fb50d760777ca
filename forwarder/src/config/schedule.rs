//! Destinations that several functions of one stack share between them.

use serde::{Deserialize, Serialize};

/// When a function serves a destination that has moved, or will move, from one function of its stack to another.
///
/// Kinesis stamps every record with the time when it arrived, and every function that reads the stream sees the same
/// stamp. So two functions with opposite schedules share the records of a destination without asking each other:
/// each record belongs to exactly one of them, however far apart their checkpoints are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Whether this function serves the records that arrived before the first change.
    pub first: bool,
    /// The times of the changes, in seconds since 1970, in ascending order. A record that arrived exactly then is after
    /// it.
    pub changes: Vec<u64>,
}

impl Schedule {
    /// Whether this function serves a record that arrived at this time, in seconds since 1970. A record without a time
    /// is served by all functions: a line that is sent twice is better than one that is lost.
    pub fn serves(&self, arrived: Option<f64>) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "seconds of our time are exact in 53 bits")]
        let passed = |arrived: f64| self.changes.iter().filter(|change| arrived >= **change as f64).count();
        arrived.is_none_or(|arrived| self.after(passed(arrived)))
    }

    /// Whether this function serves the records that arrive after the last change.
    pub fn last(&self) -> bool {
        self.after(self.changes.len())
    }

    /// The schedule of the other function.
    #[must_use]
    pub fn opposite(&self) -> Self {
        Self { first: !self.first, changes: self.changes.clone() }
    }

    /// The same with one more change.
    #[must_use]
    pub fn and_then(mut self, change: u64) -> Self {
        self.changes.push(change);
        self
    }

    /// The same without the changes at or before this time, for when no record from before it is left.
    #[must_use]
    pub fn since(&self, time: u64) -> Self {
        let passed = self.changes.iter().filter(|change| **change <= time).count();
        Self { first: self.after(passed), changes: self.changes[passed..].to_vec() }
    }

    fn after(&self, changes: usize) -> bool {
        self.first ^ (changes % 2 == 1)
    }

    pub(super) fn validate(&self) -> Result<(), String> {
        let ascends = self.changes.windows(2).all(|pair| pair[0] < pair[1]);
        if ascends && !self.changes.is_empty() {
            return Ok(());
        }
        Err("a schedule has at least one change, and its changes are in ascending order".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_that_arrived_exactly_at_a_change_is_after_it() {
        let until = Schedule { first: true, changes: vec![100] };
        assert!(until.serves(Some(99.999)) && !until.serves(Some(100.0)) && !until.last());
        let from = until.opposite();
        assert!(!from.serves(Some(99.999)) && from.serves(Some(100.0)) && from.last());
    }

    proptest! {
        /// Two functions with opposite schedules: each record is served by exactly one, and by both without a time.
        #[test]
        fn every_record_has_exactly_one_owner(
            first in any::<bool>(),
            changes in proptest::collection::btree_set(0_u64..50, 1..6),
            arrived in 0.0..60.0,
            forgotten in 0_u64..60,
        ) {
            let one = Schedule { first, changes: changes.into_iter().collect() };
            prop_assert!(one.validate().is_ok());
            let other = one.opposite();
            prop_assert!(one.serves(Some(arrived)) != other.serves(Some(arrived)));
            prop_assert!(one.serves(None) && other.serves(None));
            prop_assert_ne!(one.last(), other.last());
            // What is forgotten makes no difference to the records that are left.
            if arrived >= forgotten as f64 {
                prop_assert_eq!(one.since(forgotten).serves(Some(arrived)), one.serves(Some(arrived)));
            }
            prop_assert_eq!(one.since(forgotten).last(), one.last());
        }
    }
}
