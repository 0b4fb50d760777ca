//! How long things take, to know how much time to keep for the end.

use std::time::Duration;

use tokio::time::Instant;

/// Minimum time to keep for the answer.
const LEAST_RESERVE: Duration = Duration::from_millis(250);

/// Number of bytes of records to read between two looks at the clock. Looking more often would slow down ten thousand
/// tiny records. Decompressed, they are a thousand times as many at most, which is the limit of gzip.
const UNWATCHED: usize = 4 << 10;

/// How fast this function and its log services have been, to know how much time to keep for the end.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The longest time the code ran without looking at the clock.
    busiest: Duration,
    /// How long receipts take, the recent ones weighing most.
    receipt: Duration,
}

impl Pace {
    /// The time to keep before the deadline: enough to finish what cannot be interrupted, to wait for one
    /// slow receipt and to answer.
    pub(crate) fn reserve(&self) -> Duration {
        LEAST_RESERVE + 2 * self.busiest + (4 * self.receipt).min(Duration::from_secs(2))
    }

    pub(crate) fn learn(&mut self, busiest: Duration, receipt: Option<Duration>) {
        self.busiest = self.busiest.max(busiest);
        if let Some(receipt) = receipt {
            self.receipt = if self.receipt.is_zero() { receipt } else { (3 * self.receipt + receipt) / 4 };
        }
    }
}

/// What code that does not wait looks at now and then.
pub(crate) struct Watch {
    looked: Instant,
    /// How many bytes have been read since, with those that are read next.
    unwatched: usize,
}

impl Watch {
    /// Begins to watch: the code begins, or goes on after it has waited.
    pub(crate) fn start() -> Self {
        Self { looked: Instant::now(), unwatched: 0 }
    }

    /// Notes that so many bytes are read next; whether it is time to look before.
    pub(crate) fn is_due(&mut self, bytes: usize) -> bool {
        let is_due = self.unwatched + bytes >= UNWATCHED;
        self.unwatched = if is_due { bytes } else { self.unwatched + bytes };
        is_due
    }

    /// The time, and how much of it has passed since the last look.
    pub(crate) fn look(&mut self) -> (Instant, Duration) {
        let before = std::mem::replace(&mut self.looked, Instant::now());
        (self.looked, self.looked.duration_since(before))
    }
}
