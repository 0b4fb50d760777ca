//! Every record and every event ends in exactly one count.
//!
//! A [`Ledger`] has a line for each part of each record from the start. What nobody settles has failed: that
//! is the one fate that loses nothing, because AWS sends the record again. The counts are made from the lines
//! when the ledger is closed, so they add up to what was received by construction; settling a part twice is a
//! bug, which is counted as unbalanced instead of hidden.

use serde::Serialize;

use crate::payload::Poison;

/// What became of a record, or of a part of one.
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

impl Fate {
    /// What decides about a record of several parts: one that failed makes it come again; else one that
    /// was set aside has to be named; else what was delivered counts.
    fn weight(&self) -> u8 {
        match self {
            Self::Failed => 4,
            Self::Quarantined(_) => 3,
            Self::Delivered => 2,
            Self::DeliveredBefore => 1,
            Self::Skipped(_) => 0,
        }
    }
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

/// How far a part has come, in events from its first one on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// All events; unknown parts have none.
    pub events: u32,
    /// Those with a receipt.
    pub delivered: u32,
    /// Of these, those that an earlier invocation delivered.
    pub before: u32,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    record: u32,
    known: bool,
    progress: Progress,
    fate: Option<Fate>,
}

/// The parts of the records of one invocation and what became of each.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<Entry>,
    mistakes: u64,
}

impl Ledger {
    /// A ledger for parts of these records, in order; every record has at least one.
    pub fn new(records: impl IntoIterator<Item = u32>) -> Self {
        let entries = records.into_iter().map(|record| Entry { record, ..Entry::default() }).collect();
        Self { entries, mistakes: 0 }
    }

    /// Notes what an earlier invocation has delivered of a part. A part that is whole is settled by it.
    pub fn recall(&mut self, at: usize, events: u32, delivered: u32) {
        self.note_events(at, events);
        self.note_delivered(at, delivered);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.progress.before = entry.progress.delivered;
        }
        if delivered >= events {
            self.settle(at, Fate::DeliveredBefore);
        }
    }

    /// Notes how many events a part holds, once it is known. Noting the same number again is fine.
    pub fn note_events(&mut self, at: usize, events: u32) {
        match self.entries.get_mut(at) {
            Some(entry) if !entry.known || entry.progress.events == events => {
                entry.known = true;
                entry.progress.events = events;
            }
            _ => self.mistakes += 1,
        }
    }

    /// Notes that so many events of a part, from its first one on, are delivered. That never goes back.
    pub fn note_delivered(&mut self, at: usize, events: u32) {
        match self.entries.get_mut(at).map(|entry| &mut entry.progress) {
            Some(progress) if (progress.delivered..=progress.events).contains(&events) => {
                progress.delivered = events;
            }
            _ => self.mistakes += 1,
        }
    }

    /// How many events of a part, from its first one on, are delivered.
    pub fn delivered(&self, at: usize) -> u32 {
        self.entries.get(at).map_or(0, |entry| entry.progress.delivered)
    }

    /// Settles a part. The first fate stays.
    pub fn settle(&mut self, at: usize, fate: Fate) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.fate.is_none() => {
                if fate == Fate::Delivered {
                    entry.progress.delivered = entry.progress.events;
                }
                entry.fate = Some(fate);
            }
            _ => self.mistakes += 1,
        }
    }

    /// Whether a part is settled. One that does not exist is.
    pub fn is_settled(&self, at: usize) -> bool {
        self.entries.get(at).is_none_or(|entry| entry.fate.is_some())
    }

    /// Closes the ledger: what is not settled has failed.
    pub fn close(self) -> Account {
        let mut account = Account { unbalanced: self.mistakes, ..Account::default() };
        let mut record = None;
        for entry in self.entries {
            let fate = entry.fate.unwrap_or(Fate::Failed);
            let progress = entry.progress;
            account.events.add_part(&fate, progress);
            if record == Some(entry.record) {
                if let Some((whole, events)) = account.fates.last_mut() {
                    *events += u64::from(progress.events);
                    if fate.weight() > whole.weight() {
                        *whole = fate.clone();
                    }
                }
            } else {
                account.fates.push((fate.clone(), u64::from(progress.events)));
                record = Some(entry.record);
            }
            account.parts.push(Part { record: entry.record, fate, progress });
        }
        for (fate, _) in &account.fates {
            let before = u64::from(*fate == Fate::DeliveredBefore);
            account.records.add(fate, 1, before);
        }
        account.unbalanced += account.records.imbalance() + account.events.imbalance();
        account
    }
}

/// A line of a closed ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The position of its record in the invocation.
    pub record: u32,
    /// What became of it.
    pub fate: Fate,
    /// How far it came.
    pub progress: Progress,
}

/// The counts of a closed ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Records by fate.
    pub records: Counts,
    /// Events by fate; records that were never decoded hold none that is known.
    pub events: Counts,
    /// How far the counts are from adding up, and how many parts were settled twice: zero, or a bug.
    pub unbalanced: u64,
    /// Each record's fate and number of events, in the order of the invocation.
    pub fates: Vec<(Fate, u64)>,
    /// Each part, in the same order. A record is one part unless a producer packed several into it.
    pub parts: Vec<Part>,
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
    /// Of those delivered, the ones that an earlier invocation delivered and this one did not send again.
    pub delivered_before: u64,
}

impl Counts {
    fn add(&mut self, fate: &Fate, count: u64, before: u64) {
        self.received += count;
        self.delivered_before += before;
        match fate {
            Fate::Delivered | Fate::DeliveredBefore => self.delivered += count,
            Fate::Skipped(_) => self.skipped += count,
            Fate::Quarantined(_) => self.quarantined += count,
            Fate::Failed => self.failed += count,
        }
    }

    /// Of a part that did not come to its end, what has a receipt is delivered all the same.
    fn add_part(&mut self, fate: &Fate, progress: Progress) {
        let Progress { events, delivered, before } = progress;
        self.add(&Fate::Delivered, delivered.into(), before.into());
        self.add(fate, events.saturating_sub(delivered).into(), 0);
    }

    /// The difference between what was received and the sum of what became of it.
    pub fn imbalance(&self) -> u64 {
        self.received.abs_diff(self.delivered + self.skipped + self.quarantined + self.failed)
            + self.delivered_before.saturating_sub(self.delivered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_settles_has_failed() {
        let mut ledger = Ledger::new(0..5);
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
            Counts { received: 5, delivered: 1, skipped: 1, quarantined: 1, failed: 2, delivered_before: 0 }
        );
        assert_eq!(
            account.events,
            Counts { received: 11, delivered: 3, skipped: 1, quarantined: 0, failed: 7, delivered_before: 0 }
        );
        assert_eq!(account.unbalanced, 0);
    }

    #[test]
    fn what_a_part_has_delivered_counts_also_when_the_rest_failed() {
        let mut ledger = Ledger::new(0..3);
        ledger.recall(0, 10, 4);
        ledger.note_events(0, 10);
        ledger.note_delivered(0, 7);
        assert_eq!((ledger.delivered(0), ledger.is_settled(0)), (7, false));
        ledger.recall(1, 2, 2);
        ledger.note_events(2, 5);
        ledger.note_delivered(2, 1);
        ledger.settle(2, Fate::Quarantined(Poison::Panicked));
        let account = ledger.close();
        assert_eq!(
            account.events,
            Counts {
                received: 17,
                delivered: 10,
                skipped: 0,
                quarantined: 4,
                failed: 3,
                delivered_before: 6
            }
        );
        assert_eq!(
            account.records,
            Counts { received: 3, delivered: 1, skipped: 0, quarantined: 1, failed: 1, delivered_before: 1 }
        );
        assert_eq!(account.unbalanced, 0);
    }

    #[test]
    fn a_record_of_several_parts_is_one_record() {
        let poison = || Fate::Quarantined(Poison::NotGzip);
        let cases = [
            (vec![Fate::Delivered, Fate::Skipped(Skip::Empty), Fate::DeliveredBefore], Fate::Delivered),
            (vec![Fate::Delivered, poison()], poison()),
            (vec![poison(), Fate::Failed, Fate::Delivered], Fate::Failed),
            (vec![Fate::Skipped(Skip::Control), Fate::DeliveredBefore], Fate::DeliveredBefore),
        ];
        let records =
            cases.iter().zip(0..).flat_map(|((parts, _), record)| parts.iter().map(move |_| record));
        let mut ledger = Ledger::new(records);
        for (at, fate) in cases.iter().flat_map(|(parts, _)| parts).enumerate() {
            ledger.note_events(at, 1);
            ledger.settle(at, fate.clone());
        }
        let account = ledger.close();
        let fates: Vec<_> = account.fates.iter().map(|(fate, _)| fate.clone()).collect();
        assert_eq!(fates, cases.map(|(_, whole)| whole));
        assert_eq!((account.records.received, account.parts.len(), account.events.received), (4, 10, 10));
    }

    #[test]
    fn mistakes_are_counted_and_change_nothing() {
        let mut ledger = Ledger::new([0]);
        ledger.settle(0, Fate::Failed);
        ledger.settle(0, Fate::Delivered);
        ledger.settle(1, Fate::Delivered);
        ledger.note_events(0, 1);
        ledger.note_events(0, 2);
        ledger.note_delivered(0, 2);
        let account = ledger.close();
        assert_eq!((account.records.failed, account.records.received, account.unbalanced), (1, 1, 4));
    }
}
