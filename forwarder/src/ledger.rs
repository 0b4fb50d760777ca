//! Every record and every event ends in exactly one count.
//!
//! A [`Ledger`] has a line for each record from the start. What nobody settles has failed: that is the one
//! fate that loses nothing, because AWS sends the record again. The counts are made from the lines when the
//! ledger is closed, so they add up to what was received by construction; settling a record twice is a bug,
//! which is counted as unbalanced instead of hidden.

use serde::Serialize;

use crate::payload::Poison;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All its events are delivered.
    Delivered,
    /// It had been delivered by an earlier invocation that failed at a record before it.
    DeliveredBefore,
    /// There was nothing to deliver.
    Skipped(Skip),
    /// It cannot be understood or routed; no retry can help.
    Quarantined(Poison),
    /// It is not, or not surely, delivered and has to come again.
    Failed,
}

/// Why there was nothing to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A `CONTROL_MESSAGE`.
    Control,
    /// Events of the forwarder's own log group: forwarding them would make more of them, for ever.
    OwnLogGroup,
    /// No events.
    Empty,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    events: Option<u64>,
    fate: Option<Fate>,
}

/// The records of one invocation and what became of each.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<Entry>,
    mistakes: u64,
}

impl Ledger {
    /// A ledger for so many records.
    pub fn new(records: usize) -> Self {
        Self { entries: vec![Entry::default(); records], mistakes: 0 }
    }

    /// Notes how many events a record holds, once it is known. Noting the same number again is fine.
    pub fn note_events(&mut self, at: usize, events: u64) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.events.is_none_or(|known| known == events) => entry.events = Some(events),
            _ => self.mistakes += 1,
        }
    }

    /// Settles a record. The first fate stays.
    pub fn settle(&mut self, at: usize, fate: Fate) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.fate.is_none() => entry.fate = Some(fate),
            _ => self.mistakes += 1,
        }
    }

    /// Whether a record is settled. One that does not exist is.
    pub fn is_settled(&self, at: usize) -> bool {
        self.entries.get(at).is_none_or(|entry| entry.fate.is_some())
    }

    /// Closes the ledger: what is not settled has failed.
    pub fn close(self) -> Account {
        let mut account = Account { unbalanced: self.mistakes, ..Account::default() };
        for entry in self.entries {
            let fate = entry.fate.unwrap_or(Fate::Failed);
            let events = entry.events.unwrap_or(0);
            account.records.add(&fate, 1);
            account.events.add(&fate, events);
            account.fates.push((fate, events));
        }
        account.unbalanced += account.records.imbalance() + account.events.imbalance();
        account
    }
}

/// The counts of a closed ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Records by fate.
    pub records: Counts,
    /// Events by fate; records that were never decoded hold none that is known.
    pub events: Counts,
    /// How far the counts are from adding up, and how many records were settled twice: zero, or a bug.
    pub unbalanced: u64,
    /// Each record's fate and number of events, in the order of the invocation.
    pub fates: Vec<(Fate, u64)>,
}

/// How many of what was received ended where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All of them.
    pub received: u64,
    /// Delivered now or before.
    pub delivered: u64,
    /// Nothing to deliver.
    pub skipped: u64,
    /// Set aside for good.
    pub quarantined: u64,
    /// To come again.
    pub failed: u64,
}

impl Counts {
    fn add(&mut self, fate: &Fate, count: u64) {
        self.received += count;
        match fate {
            Fate::Delivered | Fate::DeliveredBefore => self.delivered += count,
            Fate::Skipped(_) => self.skipped += count,
            Fate::Quarantined(_) => self.quarantined += count,
            Fate::Failed => self.failed += count,
        }
    }

    /// The difference between what was received and the sum of what became of it.
    pub fn imbalance(&self) -> u64 {
        self.received.abs_diff(self.delivered + self.skipped + self.quarantined + self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_settles_has_failed() {
        let mut ledger = Ledger::new(5);
        ledger.note_events(0, 3);
        ledger.note_events(0, 3);
        ledger.settle(0, Fate::Delivered);
        ledger.settle(1, Fate::Quarantined(Poison::NotGzip));
        ledger.note_events(2, 1);
        ledger.settle(2, Fate::Skipped(Skip::Control));
        ledger.note_events(3, 7);
        assert!(ledger.is_settled(0) && !ledger.is_settled(3) && ledger.is_settled(5));
        let account = ledger.close();
        assert_eq!(
            account.records,
            Counts { received: 5, delivered: 1, skipped: 1, quarantined: 1, failed: 2 }
        );
        assert_eq!(
            account.events,
            Counts { received: 11, delivered: 3, skipped: 1, quarantined: 0, failed: 7 }
        );
        assert_eq!(account.unbalanced, 0);
    }

    #[test]
    fn mistakes_are_counted_and_change_nothing() {
        let mut ledger = Ledger::new(1);
        ledger.settle(0, Fate::Failed);
        ledger.settle(0, Fate::Delivered);
        ledger.settle(1, Fate::Delivered);
        ledger.note_events(0, 1);
        ledger.note_events(0, 2);
        let account = ledger.close();
        assert_eq!((account.records.failed, account.records.received, account.unbalanced), (1, 1, 3));
    }
}
