//! What became of a record, of a part of one, and of its events at one destination.

use crate::record::event::count;
use crate::record::payload::Poison;

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
    pub(super) fn weight(&self) -> u8 {
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
    /// Events of the forwarder's own log group: forwarding them would make more of them, forever.
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
