//! One destination's way through a batch.
//!
//! A lane walks over the parts of the records in order, hands the events of those that are its own to its
//! destination and waits for one receipt at the end. Nothing that was sent is kept: after a failure the lane goes
//! back to its first event without receipt and decodes from there again. So memory does not grow with the
//! batch, and the price is paid only when something fails.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::Instant;

use crate::delivery::batch::Batch;
use crate::delivery::decode::Decoding;
use crate::delivery::pace::Watch;
use crate::destination::{Destination, Session};
use crate::net::Failure;
use crate::record::event::count;
use crate::record::payload::LogEvent;
use crate::shape::Budget;

/// A buffer that grew beyond this for one large record is let go of after the batch.
const KEPT_BUFFER: usize = 1 << 20;

/// So many rejected events are named in one invocation; all are counted.
const MOST_NAMED: usize = 100;

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
    /// Events of which a part was taken out because own expressions took too long; once for each time they were sent.
    pub cut_short: u64,
    /// Connections made.
    pub connections: u64,
    /// Events that were sent, wholly or in part, and got no receipt: they may arrive twice.
    pub possible_duplicates: u64,
    /// Receipts of a service that has never closed its side of a connection: its kernel has acknowledged everything,
    /// and nothing shows that a process has read it.
    pub receipts_unproven: u64,
    /// Whether `receipts_unproven` is above zero for the first time in this process.
    pub first_unproven: bool,
    /// How long the last receipt took.
    pub receipt: Option<Duration>,
    /// Why it gave up, if it did.
    pub failure: Option<Failure>,
    /// The first hundred events that will never be delivered.
    pub rejections: Vec<Rejection>,
}

/// Events of one part of a record that will never be delivered, because the log service refuses them for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The position of the part in [`crate::delivery::ledger::Account::parts`].
    pub part: usize,
    /// How many events.
    pub events: u64,
    /// The `id` of the event, as far as it is known.
    pub event_id: Option<String>,
    /// The answer of the service, or the limit that the event passes.
    pub why: String,
}

/// A destination with its buffers.
pub(crate) struct Lane {
    name: String,
    destination: Box<dyn Destination>,
    inflated: Vec<u8>,
}

/// How far a lane has come in a batch.
struct Walk {
    /// The next part to look at.
    next: usize,
    /// Own parts of this session, in order.
    open: Vec<Open>,
    /// How many events the session has taken.
    taken: u64,
    watch: Watch,
}

/// A part that is handed to the destination: small, because there may be ten thousand of them.
///
/// 32 bits [`count`] its parts, and the events of a part.
struct Open {
    at: u32,
    /// How many of its last events are without a verdict.
    left: u32,
    /// The number after its last event.
    end: u64,
}

impl Open {
    /// The number of its first event without a verdict.
    fn next(&self) -> u64 {
        self.end - u64::from(self.left)
    }
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
            let pause = backoff(batch.persistence, fruitless).max(failure.retry_after.unwrap_or_default());
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
                // A service that takes everything at once never makes anybody wait, who would see how late it is.
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

impl Walk {
    /// Notes what became of the events of a session, and goes back to the first part that is not done.
    /// Tells whether there was any verdict.
    fn settle(&mut self, session: Session, me: usize, batch: &Batch<'_>, report: &mut LaneReport) -> bool {
        report.possible_duplicates += session.in_doubt;
        let mut progress = false;
        for verdict in session.verdicts {
            let first = self.open.partition_point(|open| open.end <= verdict.events.start);
            let last = self.open.partition_point(|open| open.end < verdict.events.end);
            for open in self.open.iter_mut().take(last + 1).skip(first) {
                let end = verdict.events.end.min(open.end);
                // Only from the first event on: what comes after a gap is delivered again.
                let start = open.next();
                if verdict.events.start > start {
                    // A destination with several requests in flight may have delivered what comes after a gap.
                    let again = if verdict.rejected.is_none() { end - verdict.events.start } else { 0 };
                    report.possible_duplicates += again;
                    continue;
                }
                if end <= start {
                    continue;
                }
                progress = true;
                let events = count((end - start) as usize);
                open.left -= events;
                batch.advance(open.at as usize, me, events, verdict.rejected.is_some());
                match &verdict.rejected {
                    None => report.events += end - start,
                    Some(_) if report.rejections.len() >= MOST_NAMED => {}
                    Some(rejected) => report.rejections.push(Rejection {
                        part: open.at as usize,
                        events: end - start,
                        event_id: rejected.event_id.clone(),
                        why: rejected.why.clone(),
                    }),
                }
            }
        }
        if let Some(unfinished) = self.open.iter().find(|open| open.left > 0) {
            self.next = unfinished.at as usize;
        }
        self.open.clear();
        progress
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
    use std::cell::Cell;
    use std::panic::AssertUnwindSafe;
    use std::rc::Rc;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::config::Config;
    use crate::destination::{Taken, Traffic, Verdict, Wait};
    use crate::net::FailureKind;
    use crate::quarantine::refused_tests::invocation;
    use crate::record::payload::Payload;
    use crate::{Forwarder, Options};

    /// Is full after each record and takes it at once, in the tenth of a second that its connection needs.
    struct Eager(Rc<Cell<u32>>);

    impl Destination for Eager {
        fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
            Box::pin(async {})
        }

        fn take(&mut self, _: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
            Taken { events: events.len(), full: true }
        }

        fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
            self.0.set(self.0.get() + 1);
            Box::pin(async {
                tokio::time::advance(Duration::from_millis(100)).await;
                Ok(())
            })
        }

        fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
            Box::pin(async { Ok(()) })
        }

        fn close(&mut self) -> Session {
            Session::default()
        }

        fn traffic(&self) -> Traffic {
            Traffic::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn small_records_that_are_taken_at_once_do_not_make_it_forget_the_time() {
        let invocation = invocation(&[&["m"][..]; 1000]);
        let config = r#"{"destinations":{"x":{"type":"logentries","endpoint":"127.0.0.1:1","tls":false,
            "token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#;
        let mut forwarder = Forwarder::new(&Config::from_json(config).unwrap(), Options::default()).unwrap();
        let sends = Rc::new(Cell::new(0));
        forwarder.replace_destinations(|| Box::new(Eager(Rc::clone(&sends))));
        let deadline = Instant::now() + Duration::from_secs(60);
        let outcome = forwarder.handle(&invocation, deadline).await;
        assert!(Instant::now() < deadline, "it answers in time");
        assert_eq!(outcome.lanes[0].failure.as_ref().unwrap().kind, FailureKind::Deadline);
        assert!((500..600).contains(&sends.get()), "{}", sends.get());
    }

    /// Panics while it has a session open, once.
    struct Panics {
        open: Rc<Cell<u64>>,
        panics: bool,
    }

    impl Destination for Panics {
        fn renew(&mut self, _: Instant) -> Wait<'_, ()> {
            Box::pin(async {})
        }

        fn take(&mut self, _: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
            self.open.set(self.open.get() + events.len() as u64);
            Taken { events: events.len(), full: false }
        }

        fn send(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
            Box::pin(async { Ok(()) })
        }

        fn receipt(&mut self, _: Instant) -> Wait<'_, Result<(), Failure>> {
            assert!(!std::mem::take(&mut self.panics), "on purpose");
            Box::pin(async { Ok(()) })
        }

        fn close(&mut self) -> Session {
            let events = self.open.take();
            Session { verdicts: vec![Verdict { events: 0..events, rejected: None }], in_doubt: 0 }
        }

        fn traffic(&self) -> Traffic {
            Traffic::default()
        }
    }

    #[tokio::test]
    async fn a_session_that_a_panic_left_open_does_not_count_in_the_next() {
        let config = r#"{"destinations":{"x":{"type":"logentries","endpoint":"127.0.0.1:1","tls":false,
            "token":"01234567-89ab-cdef-0123-456789abcdef"}}}"#;
        let mut forwarder = Forwarder::new(&Config::from_json(config).unwrap(), Options::default()).unwrap();
        let open = Rc::new(Cell::new(0));
        forwarder.replace_destinations(|| Box::new(Panics { open: Rc::clone(&open), panics: true }));
        let deadline = Instant::now() + Duration::from_secs(60);
        let first = invocation(&[&["m"][..]; 5]);
        let run = AssertUnwindSafe(forwarder.handle(&first, deadline)).catch_unwind().await;
        assert!(run.is_err());
        assert_eq!(open.get(), 5);
        let outcome = forwarder.handle(&invocation(&[&["m"][..]; 2]), deadline).await;
        assert_eq!(outcome.lanes[0].events, 2);
        assert_eq!(outcome.account.events.delivered, 2);
    }

    #[test]
    fn pauses_grow_to_a_cap_and_differ() {
        let persistence = Persistence::default();
        for (fruitless, most) in [(0, 200), (1, 200), (2, 400), (3, 800), (5, 3000), (40, 3000)] {
            let pause = backoff(persistence, fruitless).as_millis();
            assert!((most / 2..=most).contains(&pause), "{fruitless}: {pause}");
        }
    }
}
