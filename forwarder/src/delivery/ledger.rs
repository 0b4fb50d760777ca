//! Every record and every event ends in exactly one count.
//!
//! A [`Ledger`] has a line for each part of each record from the start, and under it a share for each
//! destination that the part goes to. What nobody settles has failed: that is the one fate that loses nothing,
//! because AWS sends the record again. The counts are made from the lines when the ledger is closed, so they
//! add up to what was received by construction; settling anything twice is a bug, which is counted as
//! unbalanced instead of hidden.

use super::account::{Account, Part};
use super::counts::Counts;
use super::fate::{Fate, Progress, Share};
use crate::quarantine::{Refused, SetAside};
use crate::record::event::count;
use crate::record::payload::Poison;

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

/// The parts of the records of one invocation and what became of each.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    shares: Vec<Share>,
    mistakes: u64,
}

impl Ledger {
    /// A ledger for parts of these records, in order; every record has at least one.
    pub(super) fn new(records: impl IntoIterator<Item = u32>) -> Self {
        let entries: Vec<_> =
            records.into_iter().map(|record| Entry { record, ..Entry::default() }).collect();
        // Most go to one destination.
        let shares = Vec::with_capacity(entries.len());
        Self { entries, shares, mistakes: 0 }
    }

    /// Notes how many events of a part are meant for destinations and how many its route drops, once it is
    /// known. Noting the same numbers again is fine.
    pub(super) fn note_events(&mut self, at: usize, events: u32, filtered: u32) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.events.is_none_or(|known| (known, entry.filtered) == (events, filtered)) => {
                entry.events = Some(events);
                entry.filtered = filtered;
            }
            _ => self.mistakes += 1,
        }
    }

    /// Notes that invalid UTF-8 in a part was replaced. Noting it again changes nothing.
    pub(super) fn note_repaired(&mut self, at: usize) {
        match self.entries.get_mut(at) {
            Some(entry) => entry.repaired = true,
            None => self.mistakes += 1,
        }
    }

    /// Settles a part that goes to no destination. The first fate stays.
    pub(super) fn settle(&mut self, at: usize, fate: Fate) {
        match self.entries.get_mut(at) {
            Some(entry) if entry.fate.is_none() && entry.shares.is_none() => entry.fate = Some(fate),
            _ => self.mistakes += 1,
        }
    }

    /// Notes the destinations of a part, once they are known. Noting them again changes nothing.
    pub(super) fn route(&mut self, at: usize, destinations: &[usize]) {
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
    pub(super) fn recall(&mut self, at: usize, events: u32, filtered: u32, shares: &[Share]) {
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
    pub(super) fn advance(&mut self, at: usize, destination: usize, events: u32, rejected: bool) {
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
    pub(super) fn concerns(&self, at: usize, destination: usize) -> bool {
        match self.entries.get(at) {
            Some(Entry { fate: None, shares: None, .. }) => true,
            Some(entry) => shares_of(entry, &self.shares)
                .iter()
                .any(|share| share.destination == destination && entry.events != Some(share.progress.done)),
            None => false,
        }
    }

    /// How many of a part's first events a destination has settled.
    pub(super) fn done(&self, at: usize, destination: usize) -> u32 {
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
    pub(super) fn set_aside(&self) -> Vec<SetAside> {
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
    pub(super) fn hold(&mut self, record: u32) {
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
    pub(super) fn close(mut self, destinations: usize) -> Account {
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

#[cfg(test)]
mod tests;
