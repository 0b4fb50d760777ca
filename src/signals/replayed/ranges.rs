//! Which records of an object have been sent, by their positions in it.

use serde::{Deserialize, Serialize};

/// Positions, as ranges of the first and the last: sorted, apart from each other, each not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(u32, u32)>")]
pub(crate) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Whether a position is among them.
    pub(crate) fn has(&self, at: u32) -> bool {
        let before = self.0.partition_point(|(first, _)| *first <= at);
        before > 0 && at <= self.0[before - 1].1
    }

    /// Adds a position.
    pub(crate) fn add(&mut self, at: u32) {
        self.add_all((at, at));
    }

    /// Adds those of others.
    pub(crate) fn extend(&mut self, others: &Self) {
        others.0.iter().for_each(|range| self.add_all(*range));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    fn add_all(&mut self, (mut first, mut last): (u32, u32)) {
        // Those that touch it become one with it.
        let from = self.0.partition_point(|(_, end)| end.saturating_add(1) < first);
        let to = self.0.partition_point(|(start, _)| *start <= last.saturating_add(1));
        if let Some((start, _)) = self.0.get(from).filter(|_| from < to) {
            first = first.min(*start);
        }
        if let Some((_, end)) = to.checked_sub(1).and_then(|at| self.0.get(at)).filter(|_| from < to) {
            last = last.max(*end);
        }
        self.0.splice(from..to, [(first, last)]);
    }
}

impl From<Vec<(u32, u32)>> for Ranges {
    /// What a manifest says may be in any order.
    fn from(ranges: Vec<(u32, u32)>) -> Self {
        let mut all = Self::default();
        ranges.into_iter().filter(|(first, last)| first <= last).for_each(|range| all.add_all(range));
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// They are the set of the positions that were added, whatever the order.
        #[test]
        fn they_hold_what_was_added(positions in prop::collection::vec(0..40_u32, 0..40), others in prop::collection::vec((0..40_u32, 0..40_u32), 0..6)) {
            let mut ranges = Ranges::default();
            positions.iter().for_each(|at| ranges.add(*at));
            let mut set: BTreeSet<u32> = positions.into_iter().collect();
            set.extend(others.iter().flat_map(|(first, last)| *first..=*last));
            ranges.extend(&Ranges::from(others));
            prop_assert_eq!(ranges.len(), set.len() as u64);
            for at in 0..42 {
                prop_assert_eq!(ranges.has(at), set.contains(&at));
            }
            prop_assert!(ranges.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", ranges);
            let text = serde_json::to_string(&ranges).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<Ranges>(&text).expect("ranges"), ranges);
        }
    }

    #[test]
    fn the_largest_position_has_no_next_one() {
        let mut ranges = Ranges::from(vec![(u32::MAX, u32::MAX), (3, 1)]);
        ranges.add(u32::MAX - 1);
        assert_eq!(ranges, Ranges(vec![(u32::MAX - 1, u32::MAX)]));
    }
}
