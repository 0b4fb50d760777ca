//! What is set aside: records that nobody can read or route, and events that destinations refuse.

use crate::record::payload::Poison;

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
    /// The position of the part in [`Account::parts`](crate::delivery::account::Account::parts).
    pub part: usize,
    /// Its number within its record, from 0.
    pub number: u32,
    /// The positions of the events in the part, of those that its route keeps.
    pub events: Vec<u32>,
}

/// Events of one part of a record that will never be delivered, because the log service refuses them for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The position of the part in [`crate::delivery::account::Account::parts`].
    pub part: usize,
    /// How many events.
    pub events: u64,
    /// The `id` of the event, as far as it is known.
    pub event_id: Option<String>,
    /// The answer of the service, or the limit that the event passes.
    pub why: String,
}

/// Why one destination refuses events.
#[derive(Clone, Copy, Debug)]
pub struct Refusals<'r> {
    /// The name of the destination.
    pub destination: &'r str,
    /// What it refuses, as far as it is known.
    pub rejections: &'r [Rejection],
}
