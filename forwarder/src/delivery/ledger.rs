//! Every record and every event ends in exactly one count.
//!
//! A [`Ledger`] has a line for each part of each record from the start, and under it a share for each
//! destination that the part goes to. What nobody settles has failed: that is the one fate that loses nothing,
//! because AWS sends the record again. The counts are made from the lines when the ledger is closed, so they
//! add up to what was received by construction; settling anything twice is a bug, which is counted as
//! unbalanced instead of hidden.

use crate::record::event::count;
use crate::record::payload::Poison;

pub use super::counts::Counts;

/// What became of a record, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Every destination has what it takes of it, at least one event.
    Delivered,
    /// It had been delivered by earlier invocations that failed at a record before it.
    DeliveredBefore,
    /// There was nothing to deliver.
    Skipped(Skip),
    /// The rules of its route drop every event of it.
    Filtered,
    /// It cannot be understood or routed; no retry can help. In a box, because nearly no record needs the room.
    Quarantined(Box<Poison>),
    /// It was understood, and its destinations refuse every event of it for good.
    Rejected,
    /// It is not, or not surely, delivered to each of its destinations and has to come again.
    Failed,
}

impl Fate {
    /// What decides about a record of several parts: one that failed makes it come again; else one that
    /// was set aside has to be named; else what was delivered counts.
    fn weight(&self) -> u8 {
        match self {
            Self::Failed => 6,
            Self::Quarantined(_) => 5,
            Self::Rejected => 4,
            Self::Delivered => 3,
            Self::DeliveredBefore => 2,
            Self::Filtered => 1,
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
    /// Another function of the stack serves its destinations.
    Elsewhere,
}

/// How far one destination has come with the events of one part, from the first one on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Those that are settled: with a receipt, or rejected.
    pub done: u32,
    /// Of these, those that an earlier invocation had settled.
    pub before: u32,
    /// Of these, those that the destination refuses for good, by position, in order.
    pub rejected: Vec<u32>,
}

impl Progress {
    /// Those with a receipt.
    pub fn delivered(&self) -> u32 {
        self.done.saturating_sub(self.rejected_before(self.done))
    }

    pub(super) fn rejected_before(&self, position: u32) -> u32 {
        count(self.rejected.partition_point(|at| *at < position))
    }
}

/// A part at one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The position of the destination in the configuration.
    pub destination: usize,
    /// How far it has come.
    pub progress: Progress,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    record: u32,
    /// Those that are meant for destinations, once they are known.
    events: Option<u32>,
    filtered: u32,
    fate: Option<Fate>,
    /// Where its shares are, once it is routed: the first, and how many.
    shares: Option<(u32, u32)>,
    /// Whether what is rejected of it comes again all the same.
    held: bool,
    /// Whether invalid UTF-8 in it was replaced.
    repaired: bool,
}

/// Of one record, what no destination will ever get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The position of the record in the invocation.
    pub record: u32,
    /// Why parts of it are quarantined.
    pub poison: Vec<Poison>,
    /// The events that destinations refuse.
    pub refused: Vec<Refused>,
}

/// Events of one part that one destination refuses for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The position of the destination in the configuration.
    pub destination: usize,
    /// The position of the part in [`Account::parts`].
    pub part: usize,
    /// Its number within its record, from 0.
    pub number: u32,
    /// The positions of the events in the part, of those that its route keeps.
    pub events: Vec<u32>,
}

/// The parts of the records of one invocation and what became of each.
#[derive(Debug)]
pub struct Ledger {
    entries: Vec<Entry>,
    shares: Vec<Share>,
    mistakes: u64,
}

impl Ledger {
    /// A ledger for parts of these records, in order; every record has at least one.
    pub fn new(records: impl IntoIterator<Item = u32>) -> Self {
        let entries: Vec<_> =
            records.into_iter().map(|record| Entry { record, ..Entry::default() }).collect();
        // Most go to one destination.
        let shares = Vec::with_capacity(entries.len());
        Self { entries, shares, mistakes: 0 }
    }

    /// Notes how many events of a part are meant for destinations and how many its route drops, once it is
    /// known. Noting the same numbers again is fine.
    pub fn note_events(&mut self, at: usize, events: u32, filtered: u32) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.events.is_none_or(|known| (known, entry.filtered) == (events, filtered)) => {
                entry.events = Some(events);
                entry.filtered = filtered;
            }
            _ => self.mistakes += 1,
        }
    }

    /// Notes that invalid UTF-8 in a part was replaced. Noting it again changes nothing.
    pub fn note_repaired(&mut self, at: usize) {
        match self.entries.get_mut(at) {
            Some(entry) => entry.repaired = true,
            None => self.mistakes += 1,
        }
    }

    /// Settles a part that goes to no destination. The first fate stays.
    pub fn settle(&mut self, at: usize, fate: Fate) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.fate.is_none() && entry.shares.is_none() => entry.fate = Some(fate),
            _ => self.mistakes += 1,
        }
    }

    /// Notes the destinations of a part, once they are known. Noting them again changes nothing.
    pub fn route(&mut self, at: usize, destinations: &[usize]) {
        match self.entries.get_mut(at) {
            Some(Entry { fate: None, shares: Some(_), .. }) => {}
            Some(entry @ Entry { fate: None, .. }) => {
                entry.shares = Some((count(self.shares.len()), count(destinations.len())));
                self.shares.extend(
                    destinations.iter().map(|at| Share { destination: *at, progress: Progress::default() }),
                );
            }
            _ => self.mistakes += 1,
        }
    }

    /// Notes what earlier invocations did with a part.
    pub fn recall(&mut self, at: usize, events: u32, filtered: u32, shares: &[Share]) {
        self.note_events(at, events, filtered);
        match self.entries.get_mut(at) {
            Some(entry @ Entry { fate: None, shares: None, .. }) => {
                entry.shares = Some((count(self.shares.len()), count(shares.len())));
                self.shares.extend(shares.iter().cloned().map(|mut share| {
                    share.progress.before = share.progress.done;
                    share
                }));
            }
            _ => self.mistakes += 1,
        }
    }

    /// Notes that a destination has settled the next events of a part: delivered, or `rejected`.
    pub fn advance(&mut self, at: usize, destination: usize, events: u32, rejected: bool) {
        let Some((entry, share)) = self.find(at, destination) else {
            self.mistakes += 1;
            return;
        };
        let progress = &mut share.progress;
        if entry.events.is_none_or(|all| all - progress.done < events) {
            self.mistakes += 1;
            return;
        }
        if rejected {
            progress.rejected.extend(progress.done..progress.done + events);
        }
        progress.done += events;
    }

    /// Whether a destination may have something to do with a part: it has to look, or to go on.
    pub fn concerns(&self, at: usize, destination: usize) -> bool {
        match self.entries.get(at) {
            Some(Entry { fate: None, shares: None, .. }) => true,
            Some(entry) => shares_of(entry, &self.shares)
                .iter()
                .any(|share| share.destination == destination && entry.events != Some(share.progress.done)),
            None => false,
        }
    }

    /// How many of a part's first events a destination has settled.
    pub fn done(&self, at: usize, destination: usize) -> u32 {
        let shares = self.entries.get(at).map(|entry| shares_of(entry, &self.shares)).unwrap_or_default();
        shares.iter().find(|share| share.destination == destination).map_or(0, |share| share.progress.done)
    }

    fn find(&mut self, at: usize, destination: usize) -> Option<(&Entry, &mut Share)> {
        let entry = self.entries.get(at)?;
        let (first, count) = entry.shares?;
        let shares = self.shares.iter_mut().skip(first as usize).take(count as usize);
        shares.into_iter().find(|share| share.destination == destination).map(|share| (entry, share))
    }

    /// What is set aside, of records that do not come again for another reason; in order.
    pub fn set_aside(&self) -> Vec<SetAside> {
        let mut found = Vec::new();
        let mut first = 0;
        for parts in self.entries.chunk_by(|a, b| a.record == b.record) {
            let mut aside = SetAside { record: parts[0].record, poison: Vec::new(), refused: Vec::new() };
            for (entry, number) in parts.iter().zip(0..) {
                if let Some(Fate::Quarantined(poison)) = &entry.fate {
                    aside.poison.push(Poison::clone(poison));
                }
                let refused = shares_of(entry, &self.shares).iter().map(|share| Refused {
                    destination: share.destination,
                    part: first + number as usize,
                    number,
                    events: share.progress.rejected.clone(),
                });
                aside.refused.extend(refused.filter(|refused| !refused.events.is_empty()));
            }
            first += parts.len();
            let is_none = aside.poison.is_empty() && aside.refused.is_empty();
            if !is_none && !parts.iter().any(|entry| self.outcome(entry).0 == Fate::Failed) {
                found.push(aside);
            }
        }
        found
    }

    /// Notes that a record comes again, because what is set aside of it could not be kept.
    pub fn hold(&mut self, record: u32) {
        let first = self.entries.partition_point(|entry| entry.record < record);
        for entry in self.entries.iter_mut().skip(first).take_while(|entry| entry.record == record) {
            entry.held = true;
            if matches!(entry.fate, Some(Fate::Quarantined(_))) {
                entry.fate = Some(Fate::Failed);
            }
        }
    }

    /// What became of a part, and how far all of its destinations have come with it where it has any.
    fn outcome(&self, entry: &Entry) -> (Fate, Option<Progress>) {
        let progress = match (&entry.fate, shares_of(entry, &self.shares)) {
            (Some(fate), _) => return (fate.clone(), None),
            (None, []) => return (Fate::Failed, None),
            (None, [only]) => only.progress.clone(),
            (None, several) => common(several),
        };
        let fate = fate_of(entry.events.unwrap_or(0), &progress);
        let held = entry.held && !progress.rejected.is_empty();
        (if held { Fate::Failed } else { fate }, Some(progress))
    }

    /// Closes the ledger, for so many destinations: what is not settled has failed.
    pub fn close(mut self, destinations: usize) -> Account {
        let mut account = Account {
            unbalanced: self.mistakes,
            destinations: vec![Counts::default(); destinations],
            ..Account::default()
        };
        for at in 0..self.entries.len() {
            let entry = &self.entries[at];
            let (events, filtered) = (entry.events.unwrap_or(0), entry.filtered);
            for share in shares_of(entry, &self.shares) {
                match account.destinations.get_mut(share.destination) {
                    Some(counts) => {
                        counts.add_events(events, &share.progress, entry.held);
                        counts.add(&Fate::Filtered, filtered.into(), 0);
                    }
                    None => account.unbalanced += 1,
                }
            }
            account.events.add(&Fate::Filtered, filtered.into(), 0);
            let (fate, progress) = self.outcome(entry);
            match progress {
                Some(progress) => account.events.add_events(events, &progress, entry.held),
                None => account.events.add(&fate, events.into(), 0),
            }
            self.entries[at].fate = Some(fate);
        }
        // In the memory of the entries: of ten thousand, either take half a megabyte.
        account.parts = self.entries.into_iter().map(Part::from).collect();
        let mut records = Counts::default();
        for (fate, _) in account.fates() {
            records.add(fate, 1, u64::from(*fate == Fate::DeliveredBefore));
        }
        account.records = records;
        let all = account.destinations.iter().chain([&account.records, &account.events]);
        account.unbalanced += all.map(Counts::imbalance).sum::<u64>();
        account.shares = self.shares;
        account
    }
}

fn shares_of<'s>(entry: &Entry, shares: &'s [Share]) -> &'s [Share] {
    let (first, count) = entry.shares.unwrap_or_default();
    shares.get(first as usize..(first + count) as usize).unwrap_or_default()
}

/// What holds for all destinations: an event is settled when it is for each, and rejected when it is by any.
fn common(shares: &[Share]) -> Progress {
    let least = |of: fn(&Progress) -> u32| shares.iter().map(|share| of(&share.progress)).min().unwrap_or(0);
    let done = least(|progress| progress.done);
    let mut rejected: Vec<u32> =
        shares.iter().flat_map(|share| &share.progress.rejected).copied().filter(|at| *at < done).collect();
    rejected.sort_unstable();
    rejected.dedup();
    Progress { done, before: least(|progress| progress.before), rejected }
}

fn fate_of(events: u32, progress: &Progress) -> Fate {
    if events == 0 {
        // What holds no events goes to no destination; so there were some.
        Fate::Filtered
    } else if progress.done < events {
        Fate::Failed
    } else if progress.delivered() == 0 {
        Fate::Rejected
    } else if progress.before == progress.done {
        Fate::DeliveredBefore
    } else {
        Fate::Delivered
    }
}

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
    shares: (u32, u32),
}

impl From<Entry> for Part {
    /// A line that nobody has settled has failed.
    fn from(entry: Entry) -> Self {
        Self {
            record: entry.record,
            fate: entry.fate.unwrap_or(Fate::Failed),
            events: entry.events.unwrap_or(0),
            filtered: entry.filtered,
            repaired: entry.repaired,
            shares: entry.shares.unwrap_or_default(),
        }
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
    shares: Vec<Share>,
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

#[cfg(test)]
mod tests;
