//! The memory that the destinations of an invocation share for the large records that they decode.
//!
//! Each destination decodes for itself, and a large record takes up to half of a small function's memory. So a
//! destination takes room first, and returns it when the record is handed over. A log service may be slow, so
//! one that has had its turn also returns the room as soon as others wait: it decodes the record again later, and goes
//! on where it was. A turn is several times as long as decoding took, so that little time is spent on decoding twice.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};

/// The unit that room is counted in, in bytes: a semaphore counts in 32 bits.
const UNIT: usize = 1 << 10;

/// Minimum length of a turn.
const SHORTEST_TURN: Duration = Duration::from_millis(500);

/// Length of a turn, as a multiple of the time that decoding took.
const TURN: u32 = 8;

/// The room of one invocation.
#[derive(Debug)]
pub(crate) struct Room {
    units: Semaphore,
    total: usize,
    /// How many wait for room.
    waiting: Cell<usize>,
    /// Tells those who have room that another one waits.
    asked: Notify,
}

/// Room that is taken until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    room: &'a Room,
    _units: SemaphorePermit<'a>,
    since: Instant,
    turn_ends: Instant,
}

impl Room {
    /// Room for this many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let total = bytes / UNIT;
        Self { units: Semaphore::new(total), total, waiting: Cell::new(0), asked: Notify::new() }
    }

    /// All of it, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.total * UNIT
    }

    /// Waits for room for this many bytes, or for all there is if that is less; `None` when it is too late.
    pub(crate) async fn take(&self, bytes: usize, until: Instant) -> Option<Taken<'_>> {
        let units = bytes.div_ceil(UNIT).min(self.total);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        self.waiting.set(self.waiting.get() + 1);
        let _counted = Waiting(&self.waiting);
        self.asked.notify_waiters();
        let units = timeout_at(until, self.units.acquire_many(units)).await.ok()?.ok()?;
        let now = Instant::now();
        Some(Taken { room: self, _units: units, since: now, turn_ends: now + SHORTEST_TURN })
    }
}

/// One that waits, until it does no longer.
struct Waiting<'a>(&'a Cell<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Taken<'_> {
    /// Begins the turn: the record is decoded.
    pub(crate) fn begin_turn(&mut self) {
        self.turn_ends = Instant::now() + SHORTEST_TURN.max(self.since.elapsed() * TURN);
    }

    /// Waits until another one wants the room and the turn is over.
    pub(crate) async fn is_wanted(&self) {
        loop {
            if self.room.waiting.get() == 0 {
                self.room.asked.notified().await;
            } else if Instant::now() < self.turn_ends {
                sleep_until(self.turn_ends).await;
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn room_is_given_back_when_a_turn_is_over_and_somebody_waits() {
        let room = Room::new(64 << 10);
        let until = Instant::now() + Duration::from_secs(60);
        let mut large = room.take(usize::MAX, until).await.unwrap();
        let began = Instant::now();
        // It takes a second to decode.
        tokio::time::advance(Duration::from_secs(1)).await;
        large.begin_turn();
        // Nobody waits, so it may stay.
        assert!(tokio::time::timeout(Duration::from_secs(4), large.is_wanted()).await.is_err());
        let turn = async {
            large.is_wanted().await;
            drop(large);
            began.elapsed()
        };
        let (turn, small) = tokio::join!(turn, room.take(1, until));
        assert_eq!(turn, Duration::from_secs(1 + 8));
        let other = room.take(63 << 10, until).now_or_never().flatten();
        assert!(small.is_some() && other.is_some(), "both fit");
        assert!(room.take(1, until).await.is_none(), "until it is too late");
        assert_eq!((Instant::now(), room.waiting.get()), (until, 0));
    }
}
