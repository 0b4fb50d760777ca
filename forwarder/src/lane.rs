//! One destination's way through a batch.
//!
//! A lane walks over the parts of the records in order, frames those that are its own, sends them in large pieces and
//! waits for one receipt at the end. Nothing that was sent is kept: after a failure the lane goes back to its
//! first event without receipt and decodes from there again. So memory does not grow with the batch, and the
//! price is paid only when something fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::Instant;

use crate::batch::Batch;
use crate::destination::{Destination, Failure, FailureKind};
use crate::ledger::Fate;
use crate::payload::{LogEvent, Payload, Poison};

/// How much is framed before it is written: one TLS write a line costs ten times as much as pieces of this
/// size, and larger ones gain nothing.
const PIECE: usize = 128 * 1024;

/// Buffers that grew beyond this for one large record are let go of after the batch.
const KEPT_BUFFER: usize = 1 << 20;

/// When a lane gives up within one invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// The longest pause before the second attempt; it doubles with each one after.
    pub first_pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// How many attempts in a row may bring nothing. AWS brings the batch again after that.
    pub attempts: u32,
}

impl Default for Persistence {
    fn default() -> Self {
        Self { first_pause: Duration::from_millis(200), longest_pause: Duration::from_secs(3), attempts: 6 }
    }
}

/// What a lane did in one invocation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneReport {
    /// The name of the destination.
    pub destination: String,
    /// Events with a receipt.
    pub events: u64,
    /// Bytes that the network took, sent again or not.
    pub bytes: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Connections made.
    pub connections: u64,
    /// Events that were sent, wholly or in part, and got no receipt: they may arrive twice.
    pub possible_duplicates: u64,
    /// How long the last receipt took.
    pub receipt: Option<Duration>,
    /// Why it gave up, if it did.
    pub failure: Option<Failure>,
}

/// A destination with its buffers.
pub(crate) struct Lane {
    name: String,
    destination: Box<dyn Destination>,
    framed: Vec<u8>,
    inflated: Vec<u8>,
}

/// How far a lane has come in a batch.
#[derive(Default)]
struct Walk {
    /// The next part to look at.
    next: usize,
    /// What is framed and has no receipt.
    framed: Vec<Stretch>,
    /// Bytes given to the destination since the session began.
    sent: u64,
    begun: bool,
}

/// Events of one part that were framed in one go.
struct Stretch {
    part: usize,
    events: u32,
    /// How many events of the part are framed at its end.
    up_to: u32,
    /// Whether these are all.
    whole: bool,
    /// Where it ends, in bytes since the session began.
    end: u64,
}

impl Lane {
    pub(crate) fn new(name: String, destination: Box<dyn Destination>) -> Self {
        Self { name, destination, framed: Vec::new(), inflated: Vec::new() }
    }

    /// Delivers all records of the batch that are this lane's (`me`), as far as time and service allow.
    pub(crate) async fn run(&mut self, me: usize, batch: &Batch<'_>) -> LaneReport {
        let mut report = LaneReport { destination: self.name.clone(), ..LaneReport::default() };
        let before = self.destination.connections();
        let mut walk = Walk::default();
        let mut fruitless = 0;
        loop {
            let Err(failure) = self.session(me, batch, &mut walk, &mut report).await else { break };
            let delivered = if walk.begun { self.destination.abandon() } else { 0 };
            let progress = self.settle_up_to(delivered, batch, &mut walk, &mut report);
            fruitless = if progress { 0 } else { fruitless + 1 };
            let pause = backoff(batch.persistence, fruitless);
            let time_left = batch.until.saturating_duration_since(Instant::now());
            if !failure.kind.is_worth_retrying()
                || fruitless >= batch.persistence.attempts
                || pause >= time_left
            {
                report.failure = Some(failure);
                break;
            }
            report.retries += 1;
            tokio::time::sleep(pause).await;
        }
        report.connections = self.destination.connections() - before;
        self.framed.clear();
        self.framed.shrink_to(KEPT_BUFFER);
        self.inflated.clear();
        self.inflated.shrink_to(KEPT_BUFFER);
        report
    }

    /// From `walk.next` to the end of the batch, with a receipt.
    async fn session(
        &mut self,
        me: usize,
        batch: &Batch<'_>,
        walk: &mut Walk,
        report: &mut LaneReport,
    ) -> Result<(), Failure> {
        self.framed.clear();
        walk.sent = 0;
        walk.begun = false;
        while walk.next < batch.len() {
            if Instant::now() >= batch.until {
                return Err(Failure::new(
                    FailureKind::Deadline,
                    "the time of the invocation is used up while reading",
                ));
            }
            let at = walk.next;
            let mut inflated = std::mem::take(&mut self.inflated);
            let result = self.part(me, at, batch, &mut inflated, walk, report).await;
            self.inflated = inflated;
            result?;
            walk.next = at + 1;
        }
        self.flush(batch, walk, report).await?;
        if walk.begun {
            let asked = Instant::now();
            self.destination.receipt(batch.until).await?;
            report.receipt = Some(asked.elapsed());
        }
        self.settle_up_to(walk.sent, batch, walk, report);
        Ok(())
    }

    /// Frames one part if it is this lane's, sending what fills a piece.
    async fn part(
        &mut self,
        me: usize,
        at: usize,
        batch: &Batch<'_>,
        inflated: &mut Vec<u8>,
        walk: &mut Walk,
        report: &mut LaneReport,
    ) -> Result<(), Failure> {
        if !batch.may_be_for(at, me) {
            return Ok(());
        }
        let (payload, _room) = match batch.decode_for(at, me, inflated).await {
            Some(decoded) => decoded,
            None => return Ok(()),
        };
        // What has been delivered before is not sent again.
        let mut events = payload.events.get(batch.delivered(at)..).unwrap_or_default();
        while !events.is_empty() {
            let began = Instant::now();
            let Some(rest) = frame_piece(self.destination.as_ref(), &payload, events, &mut self.framed)
            else {
                batch.settle(at, Fate::Quarantined(Poison::Panicked));
                return Ok(());
            };
            batch.note_busy(began.elapsed());
            let position = |rest: &[LogEvent<'_>]| u32::try_from(payload.events.len() - rest.len());
            let [from, up_to] = [events, rest].map(|rest| position(rest).unwrap_or(u32::MAX));
            walk.framed.push(Stretch {
                part: at,
                events: up_to - from,
                up_to,
                whole: rest.is_empty(),
                end: walk.sent + self.framed.len() as u64,
            });
            events = rest;
            if self.framed.len() >= PIECE {
                self.flush(batch, walk, report).await?;
            }
        }
        Ok(())
    }

    /// Sends what is framed; connects if that has not happened yet.
    async fn flush(
        &mut self,
        batch: &Batch<'_>,
        walk: &mut Walk,
        report: &mut LaneReport,
    ) -> Result<(), Failure> {
        if self.framed.is_empty() {
            return Ok(());
        }
        if !walk.begun {
            self.destination.begin(batch.until).await?;
            walk.begun = true;
        }
        let length = self.framed.len() as u64;
        walk.sent += length;
        self.destination.send(&self.framed, batch.until).await?;
        report.bytes += length;
        self.framed.clear();
        Ok(())
    }

    /// Settles what ends at or before `delivered` and goes back to the first part that does not. Tells
    /// whether there was anything.
    fn settle_up_to(
        &mut self,
        delivered: u64,
        batch: &Batch<'_>,
        walk: &mut Walk,
        report: &mut LaneReport,
    ) -> bool {
        let count = walk.framed.partition_point(|stretch| stretch.end <= delivered);
        for stretch in walk.framed.drain(..count) {
            batch.note_delivered(stretch.part, stretch.up_to);
            if stretch.whole {
                batch.settle(stretch.part, Fate::Delivered);
            }
            report.events += u64::from(stretch.events);
        }
        if let Some(first) = walk.framed.first() {
            walk.next = first.part;
        }
        // What begins before the last byte that the destination was given.
        let mut begins = delivered;
        for stretch in walk.framed.drain(..) {
            report.possible_duplicates += if begins < walk.sent { u64::from(stretch.events) } else { 0 };
            begins = stretch.end;
        }
        count > 0
    }
}

/// Frames events until a piece is full; what is left. `None` when an event made the code panic, in which
/// case nothing of it is left in `out`.
fn frame_piece<'e, 'p>(
    destination: &dyn Destination,
    payload: &Payload<'p>,
    events: &'e [LogEvent<'p>],
    out: &mut Vec<u8>,
) -> Option<&'e [LogEvent<'p>]> {
    let mut whole = out.len();
    let framed = catch_unwind(AssertUnwindSafe(|| {
        let mut rest = events;
        while let Some((event, after)) = rest.split_first() {
            destination.frame(payload, event, out);
            whole = out.len();
            rest = after;
            if whole >= PIECE {
                break;
            }
        }
        rest
    }));
    match framed {
        Ok(rest) => Some(rest),
        Err(_) => {
            out.truncate(whole);
            None
        }
    }
}

/// A random pause up to a limit that doubles: many functions that lost the same service do not come back at
/// the same moment.
fn backoff(persistence: Persistence, fruitless: u32) -> Duration {
    let doubled = persistence.first_pause.saturating_mul(1 << fruitless.saturating_sub(1).min(16));
    doubled.min(persistence.longest_pause).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_cap_and_differ() {
        let persistence = Persistence::default();
        for (fruitless, most) in [(0, 200), (1, 200), (2, 400), (3, 800), (5, 3000), (40, 3000)] {
            let pause = backoff(persistence, fruitless).as_millis();
            assert!((most / 2..=most).contains(&pause), "{fruitless}: {pause}");
        }
    }
}
