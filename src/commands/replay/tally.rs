//! Counts of records, by what they are and why they are not sent.

use std::collections::BTreeMap;

use serde::Serialize;

use super::source::{Parcel, Portion};

/// Maximum number of objects that are named for what is wrong with them. All of them are counted.
const MOST_NAMED: usize = 20;

/// Records and their events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    /// Records.
    pub records: u64,
    /// Log events in them.
    pub events: u64,
    /// Bytes of data, as it is in the stream.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, parcel: &Parcel) {
        self.records += 1;
        self.events += parcel.events;
        self.bytes += parcel.data.len() as u64;
    }
}

/// What one log group has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OfGroup {
    /// The log group.
    pub log_group: String,
    /// Log events.
    pub events: u64,
}

/// What is not sent for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    /// The reason, by the forwarder's name for it.
    pub why: String,
    /// Records.
    pub records: u64,
    /// Log events in them, as far as they can be counted.
    pub events: u64,
}

/// An object that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unreadable {
    /// Its key.
    pub name: String,
    /// Why.
    pub why: String,
}

/// What was read, and what of it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Objects that were read.
    pub(super) objects: u64,
    /// The time of the newest of them, in milliseconds since 1970.
    pub(super) newest: i64,
    /// What is to be sent of them.
    pub(super) chosen: Count,
    /// What was sent.
    pub(super) sent: Count,
    /// Records that an earlier run has sent, in objects that it did not send as a whole.
    pub(super) sent_before: u64,
    /// Records that are kept twice, because two functions gave them up: each is sent once.
    pub(super) copies: u64,
    groups: BTreeMap<String, u64>,
    left: BTreeMap<String, (u64, u64)>,
    unreadable: Vec<Unreadable>,
    /// How many objects cannot be read.
    pub(super) unreadable_objects: u64,
}

impl Tally {
    /// Counts what a portion holds.
    pub(super) fn read(&mut self, portion: &Portion) {
        self.objects += 1;
        self.newest = self.newest.max(portion.time);
        self.sent_before += portion.sent_before;
        for parcel in &portion.parcels {
            if parcel.is_copy {
                self.copies += 1;
                continue;
            }
            self.chosen.add(parcel);
            // The events of a record that a producer has packed are of its first log group here.
            if let Some(group) = parcel.log_groups.first().filter(|_| parcel.events > 0) {
                *self.groups.entry(group.clone()).or_default() += parcel.events;
            }
        }
        for left in &portion.left {
            let (records, events) = self.left.entry(left.why.clone()).or_default();
            (*records, *events) = (*records + 1, *events + left.events);
        }
        if let Some(why) = &portion.unreadable {
            self.unreadable_objects += 1;
            if self.unreadable.len() < MOST_NAMED {
                self.unreadable.push(Unreadable { name: portion.name.clone(), why: why.clone() });
            }
        }
    }

    /// Counts a record that was sent.
    pub(super) fn sent(&mut self, parcel: &Parcel) {
        self.sent.add(parcel);
    }

    /// What each log group has, the one with the most first.
    pub(super) fn groups(&self) -> Vec<OfGroup> {
        let all =
            self.groups.iter().map(|(group, events)| OfGroup { log_group: group.clone(), events: *events });
        let mut all: Vec<OfGroup> = all.collect();
        all.sort_by_key(|group| std::cmp::Reverse(group.events));
        all
    }

    /// What is not sent, by reason.
    pub(super) fn left(&self) -> Vec<LeftOut> {
        let left = self.left.iter().map(|(why, (records, events))| LeftOut {
            why: why.clone(),
            records: *records,
            events: *events,
        });
        left.collect()
    }

    /// The first objects that cannot be read.
    pub(super) fn unreadable(&self) -> Vec<Unreadable> {
        self.unreadable.clone()
    }
}
