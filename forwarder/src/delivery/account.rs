//! A closed ledger: what became of everything, and the counts of it.

use super::counts::Counts;
use super::fate::{Fate, Share};

/// A line of a closed ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The position of its record in the invocation.
    pub record: u32,
    /// What became of it.
    pub fate: Fate,
    /// How many of its events are meant for destinations, as far as that is known.
    pub events: u32,
    /// How many the rules of its route drop.
    pub filtered: u32,
    /// Whether invalid UTF-8 in it was replaced by U+FFFD in this invocation.
    pub repaired: bool,
    pub(super) shares: (u32, u32),
}

#[cfg(test)]
impl Part {
    /// One that goes to no destination.
    pub(crate) fn for_tests(record: u32, events: u32, filtered: u32, fate: Fate) -> Self {
        Self { record, fate, events, filtered, repaired: false, shares: (0, 0) }
    }
}

/// The counts of a closed ledger.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Records by fate.
    pub records: Counts,
    /// Events by fate; records that were never decoded hold none that is known. One that goes to several
    /// destinations has failed when one of them has failed with it, else it is quarantined when one refuses it.
    pub events: Counts,
    /// The events that were meant for each destination, in the order of the configuration.
    pub destinations: Vec<Counts>,
    /// How far the counts are from adding up, and how many parts were settled twice: zero, or a bug.
    pub unbalanced: u64,
    /// Each part, in the order of the invocation. A record is one part unless a producer packed several into it.
    pub parts: Vec<Part>,
    pub(super) shares: Vec<Share>,
}

impl Account {
    /// Each record's fate and number of events, in the order of the invocation.
    pub fn fates(&self) -> impl Iterator<Item = (&Fate, u64)> {
        self.parts.chunk_by(|a, b| a.record == b.record).map(|parts| {
            let fates = parts.iter().map(|part| &part.fate);
            let weightiest = fates.reduce(|a, b| if b.weight() > a.weight() { b } else { a });
            let events = parts.iter().map(|part| u64::from(part.events + part.filtered)).sum();
            (weightiest.unwrap_or(&Fate::Failed), events)
        })
    }

    /// The positions of the records in which invalid UTF-8 was replaced by U+FFFD, in order.
    pub fn repaired(&self) -> Vec<u32> {
        let mut records: Vec<u32> =
            self.parts.iter().filter(|part| part.repaired).map(|part| part.record).collect();
        records.dedup();
        records
    }

    /// How far each destination of a part has come with it; none for one that was never routed.
    pub fn shares(&self, part: &Part) -> &[Share] {
        let (first, count) = part.shares;
        self.shares.get(first as usize..(first + count) as usize).unwrap_or_default()
    }
}
