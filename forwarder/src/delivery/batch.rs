//! What the lanes of one invocation share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::Instant;

use super::canary::Canary;
use super::fate::Fate;
use super::ledger::Ledger;
use super::options::Options;
use super::pace::Watch;
use super::retries::Retries;
use super::room::Room;
use crate::net::{Failure, FailureKind};
use crate::record::parts::Parts;
use crate::record::payload::Poison;
use crate::route::Router;

/// Why a lane stops where its code had too much to do.
const LATE: &str = "the time of the invocation is used up while reading";

/// What the lanes of one invocation share.
pub(crate) struct Batch<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) router: &'a Router,
    pub(super) options: &'a Options,
    pub(super) siblings: &'a BTreeSet<String>,
    pub(crate) retries: Retries,
    /// When lanes stop, so that there is time to answer.
    pub(crate) until: Instant,
    pub(super) lanes: usize,
    pub(super) ledger: RefCell<Ledger>,
    pub(super) canaries: RefCell<Vec<Canary>>,
    /// For the large parts that lanes decode.
    pub(super) room: Room,
    pub(super) busiest: Cell<Duration>,
    /// Whether the time was used up before all events of a part were looked at.
    pub(super) late: Cell<bool>,
}

impl Batch<'_> {
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether a lane has to look at a part: it is not done with it, and it is not known to be others'.
    pub(crate) fn concerns(&self, at: usize, lane: usize) -> bool {
        self.ledger.borrow().concerns(at, lane)
    }

    /// How many of a part's first events a lane is done with.
    pub(crate) fn done(&self, at: usize, lane: usize) -> usize {
        self.ledger.borrow().done(at, lane) as usize
    }

    /// Notes that a lane is done with the next events of a part: delivered, or rejected for good.
    pub(crate) fn advance(&self, at: usize, lane: usize, events: u32, rejected: bool) {
        self.ledger.borrow_mut().advance(at, lane, events, rejected);
    }

    pub(super) fn settle(&self, at: usize, fate: Fate) {
        self.ledger.borrow_mut().settle(at, fate);
    }

    /// How many bytes a part has before it is decompressed.
    pub(crate) fn size(&self, at: usize) -> usize {
        self.parts.size(at)
    }

    /// Looks at the clock, and notes how long the code ran since it did so last.
    pub(crate) fn look(&self, watch: &mut Watch) -> Instant {
        let (now, busy) = watch.look();
        self.busiest.set(self.busiest.get().max(busy));
        now
    }

    /// The same, and whether there is time to go on.
    pub(crate) fn in_time(&self, watch: &mut Watch) -> Result<(), Failure> {
        if self.look(watch) < self.until {
            return Ok(());
        }
        Err(Failure::new(FailureKind::Deadline, LATE))
    }

    /// Whether the time was used up while a part was read, which is then not settled.
    pub(crate) fn unless_late(&self) -> Result<(), Failure> {
        if self.late.get() { Err(Failure::new(FailureKind::Deadline, LATE)) } else { Ok(()) }
    }
}

/// Runs code on foreign data; a panic in it is a fault of that data.
pub(super) fn uncaught<T>(code: impl FnOnce() -> Result<T, Poison>) -> Result<T, Poison> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or(Err(Poison::Panicked))
}
