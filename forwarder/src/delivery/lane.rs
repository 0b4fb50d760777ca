//! One destination's way through a batch.
//!
//! A lane walks over the parts of the records in order, hands the events of those that are its own to its
//! destination and waits for one receipt at the end. Nothing that was sent is kept: after a failure the lane goes
//! back to its first event without receipt and decodes from there again. So memory does not grow with the
//! batch, and the price is paid only when something fails.

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::time::Instant;

use super::batch::Batch;
use super::decode::Decoding;
use super::outcome::LaneReport;
use super::pace::Watch;
use super::walk::{Open, Walk};
use crate::destination::Destination;
use crate::net::Failure;
use crate::record::event::count;
use crate::record::payload::LogEvent;
use crate::shape::Budget;

/// Maximum capacity of the buffer to keep after a batch. One that grew beyond it for a large record is freed.
const KEPT_BUFFER: usize = 1 << 20;

/// A destination with its buffers.
pub(crate) struct Lane {
    name: String,
    destination: Box<dyn Destination>,
    inflated: Vec<u8>,
}

impl Lane {
    pub(crate) fn new(name: String, destination: Box<dyn Destination>) -> Self {
        Self { name, destination, inflated: Vec::new() }
    }

    #[cfg(test)]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Delivers all records of the batch that are this lane's (`me`), as far as time and service allow.
    pub(crate) async fn run(&mut self, me: usize, batch: &Batch<'_>) -> LaneReport {
        let mut report = LaneReport { destination: self.name.clone(), ..LaneReport::default() };
        let before = self.destination.traffic();
        // A panic leaves the session of the invocation before open: its numbers and its connection are not ours.
        self.destination.close();
        let open = Vec::with_capacity(batch.len());
        let mut walk = Walk { next: 0, open, taken: 0, watch: Watch::start() };
        let mut fruitless = 0;
        loop {
            self.destination.renew(batch.until).await;
            let result = self.session(me, batch, &mut walk, &mut report).await;
            let progress = walk.settle(self.destination.close(), me, batch, &mut report);
            let Err(failure) = result else { break };
            fruitless = if progress { 0 } else { fruitless + 1 };
            let pause = batch.retries.pause(fruitless).max(failure.retry_after.unwrap_or_default());
            let time_left = batch.until.saturating_duration_since(Instant::now());
            if !failure.kind.is_worth_retrying() || fruitless >= batch.retries.attempts || pause >= time_left
            {
                report.failure = Some(failure);
                break;
            }
            report.retries += 1;
            tokio::time::sleep(pause).await;
        }
        let traffic = self.destination.traffic();
        report.connections = traffic.connections - before.connections;
        report.bytes = traffic.bytes - before.bytes;
        report.receipts_unproven = traffic.unproven - before.unproven;
        report.first_unproven = before.unproven == 0 && traffic.unproven > 0;
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
        walk.taken = 0;
        walk.watch = Watch::start();
        while walk.next < batch.len() {
            if walk.watch.is_due(batch.size(walk.next)) {
                batch.in_time(&mut walk.watch)?;
            }
            let mut inflated = std::mem::take(&mut self.inflated);
            let result = self.part(me, walk.next, batch, &mut inflated, walk, report).await;
            batch.tidy(&mut inflated);
            self.inflated = inflated;
            result?;
            walk.next += 1;
        }
        if walk.taken > 0 {
            let asked = batch.look(&mut walk.watch);
            self.destination.receipt(batch.until).await?;
            report.receipt = Some(asked.elapsed());
        }
        Ok(())
    }

    /// Hands one part to the destination if it is this lane's.
    async fn part(
        &mut self,
        me: usize,
        at: usize,
        batch: &Batch<'_>,
        inflated: &mut Vec<u8>,
        walk: &mut Walk,
        report: &mut LaneReport,
    ) -> Result<(), Failure> {
        if !batch.concerns(at, me) {
            return Ok(());
        }
        let mut how = batch.how();
        let budget = Budget::default();
        // How many events of it this session has taken; unknown before it is decoded for the first time.
        let mut passed = None;
        'decode: loop {
            let decoded = match batch.decode_for(at, me, inflated, &mut how).await? {
                Decoding::Nothing => return batch.unless_late(),
                Decoding::Again => continue,
                Decoding::Part(decoded) => decoded,
            };
            if decoded.room.is_some() {
                // It may have waited for it.
                walk.watch = Watch::start();
            }
            let payload = &decoded.payload;
            // What is done is not sent again.
            let first = batch.done(at, me) + passed.unwrap_or(0);
            let mut events = payload.events.get(first..).unwrap_or_default();
            if passed.is_none() {
                let end = walk.taken + events.len() as u64;
                walk.open.push(Open { at: count(at), left: count(events.len()), end });
            }
            while !events.is_empty() {
                let taken = match decoded.shape {
                    Some(shape) => {
                        let take = |clean: &[LogEvent<'_>]| self.destination.take(payload, clean);
                        let (taken, cut_short) = shape.clean(events, &budget, take);
                        report.cut_short += cut_short.iter().filter(|at| **at < taken.events).count() as u64;
                        taken
                    }
                    None => self.destination.take(payload, events),
                };
                walk.taken += taken.events as u64;
                passed = Some(passed.unwrap_or(0) + taken.events);
                events = &events[taken.events..];
                if !taken.full {
                    if decoded.shape.is_some() && !events.is_empty() {
                        // Expressions take their time.
                        batch.in_time(&mut walk.watch)?;
                    }
                    continue;
                }
                // A destination that never blocks would never reach the deadline check.
                batch.in_time(&mut walk.watch)?;
                let send = self.destination.send(batch.until);
                let Some(room) = &decoded.room else {
                    send.await?;
                    walk.watch = Watch::start();
                    continue;
                };
                let slow = match select(send, pin!(room.is_wanted())).await {
                    Either::Left((sent, _)) => sent.map(|()| None)?,
                    Either::Right(((), send)) => Some(send),
                };
                if let Some(send) = slow {
                    // Others get the memory while this service is slow.
                    drop(decoded);
                    batch.tidy(inflated);
                    send.await?;
                    walk.watch = Watch::start();
                    continue 'decode;
                }
                walk.watch = Watch::start();
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
