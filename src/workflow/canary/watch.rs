//! Follows a canary through the chain: into the stream, to the forwarder, to each destination.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::causes::{Cause, into_the_function, into_the_stream};
use super::hop::{Hop, Leg, State};
use super::look::look;
use super::mark;
use super::notes::{self, ByCounts, Function};
use super::outcome::Outcome;
use super::place::Place;
use super::rows::Rows;
use super::seen::Seen;
use super::shards::{Arrival, Shards};
use crate::aws::{Aws, EventQuery, Session, filter_log_events};
use crate::error::Result;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Minimum time between two reads of the functions' logs.
const NOTES: Duration = Duration::from_secs(1);
/// When a canary that has not arrived is late enough to look for what is broken, and how often this is done.
const LATE: Duration = Duration::from_secs(3);
/// Minimum time between two looks for what is broken.
const AGAIN: Duration = Duration::from_secs(10);
/// When the counts of a forwarder that writes no note are looked at.
const COUNTS: Duration = Duration::from_secs(3);
/// Time for a new subscription filter to take effect, after which the line is written again.
const REWRITE: Duration = Duration::from_secs(10);

/// What is followed.
pub(super) struct Watch<'a> {
    pub(super) session: &'a Session,
    pub(super) id: &'a str,
    /// What existed at the beginning.
    pub(super) seen: Seen,
    /// When the line was written, in milliseconds since 1970 by AWS's clock.
    pub(super) since: i64,
    pub(super) began: Instant,
    pub(super) timeout: Duration,
    /// The functions that the canary is to reach.
    pub(super) functions: Vec<Function>,
    /// The destinations that the chain is to lead it to.
    pub(super) expected: Vec<String>,
    /// The log group that it was written to, if not right into the stream.
    pub(super) place: Option<&'a Place>,
    pub(super) caught: Caught,
}

/// How far the canary got.
#[derive(Debug, Default)]
pub(super) struct Caught {
    /// When it was seen in the stream, in seconds since the write.
    pub(super) in_stream: Option<f64>,
    /// When it arrived there, in milliseconds since 1970.
    arrived: Option<i64>,
    /// Whether a function has taken it.
    pub(super) is_taken: bool,
    /// What became of it, by destination.
    pub(super) outcomes: BTreeMap<String, Outcome>,
    /// Whether the forwarder is too old to write notes: what became of it is not in its log.
    pub(super) has_no_notes: bool,
    /// What keeps it from getting further.
    pub(super) causes: Vec<Cause>,
    /// What could not be read.
    pub(super) unread: Vec<String>,
}

impl Caught {
    /// It was put right into the stream.
    pub(super) fn in_stream(seconds: f64, arrived: i64) -> Self {
        Self { in_stream: Some(seconds), arrived: Some(arrived), ..Self::default() }
    }
}

impl Watch<'_> {
    /// Follows it until it has arrived everywhere, something is certainly broken, or the time is up.
    ///
    /// # Errors
    /// Whatever reading what exists fails with. What else may not be read is not known then, and noted.
    pub(super) async fn follow(&mut self, rows: &mut Rows<'_>) -> Result<()> {
        let aws: Aws<'_> = self.session.into();
        let stream = self.seen.stack.names.stream.clone();
        let mut shards = None;
        let mut reads_stream = self.caught.in_stream.is_none();
        let mut reads_notes = true;
        let (mut notes_at, mut counts_at) = (Instant::now(), Instant::now() + COUNTS);
        let mut look_at = self.began + LATE;
        let mut write_at = self.began + REWRITE;
        rows.wait_for(self.doing());
        loop {
            if reads_stream && self.caught.in_stream.is_none() {
                let look = async {
                    if shards.is_none() {
                        shards = Some(Shards::open(aws, &stream, self.since).await?);
                    }
                    match &mut shards {
                        Some(shards) => shards.look(aws, self.id).await,
                        None => Ok(None),
                    }
                };
                match look.await {
                    Ok(Some(arrival)) => self.is_in_stream(Some(&arrival), rows),
                    Ok(None) => {}
                    Err(error) => {
                        self.caught.unread.push(format!("the stream: {}", error.message));
                        reads_stream = false;
                    }
                }
            }
            if reads_notes && notes_at <= Instant::now() {
                notes_at = Instant::now() + NOTES;
                if let Err(error) = self.read_notes(aws, rows).await {
                    self.caught.unread.push(format!("the forwarder's log: {}", error.message));
                    reads_notes = false;
                }
            }
            if reads_notes && !self.caught.is_taken && counts_at <= Instant::now() {
                counts_at = Instant::now() + COUNTS;
                self.read_counts(aws, rows).await?;
            }
            if self.is_done() {
                return Ok(());
            }
            let is_over = self.began.elapsed() >= self.timeout;
            if is_over || look_at <= Instant::now() {
                look_at = Instant::now() + AGAIN;
                self.seen = Box::pin(look(self.session, &self.seen.stack.name)).await?;
                self.caught.causes = self.causes();
                self.caught.causes.extend(self.kept_out(aws).await);
                if is_over || self.caught.causes.iter().any(|cause| cause.is_certain) {
                    return Ok(());
                }
            }
            if let Some(place) = self.place.filter(|place| place.is_fresh)
                && self.caught.in_stream.is_none()
                && write_at <= Instant::now()
            {
                write_at = Instant::now() + REWRITE;
                place.write(aws, self.now(), &mark::message(self.id)).await?;
            }
            // Nobody can see it any more.
            if !reads_notes && (!reads_stream || self.caught.in_stream.is_some()) {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    /// The patterns that keep the line from the stream. CloudWatch Logs matches them in a search as in a subscription.
    async fn kept_out(&self, aws: Aws<'_>) -> Option<Cause> {
        let place =
            self.place.filter(|place| self.caught.in_stream.is_none() && place.has_only_patterns())?;
        let message = mark::message(self.id);
        for pattern in &place.patterns {
            let query = EventQuery {
                log_group: &place.log_group,
                from: self.since - 1,
                until: self.now() + 1000,
                pattern: Some(pattern),
                newest_first: false,
            };
            let (found, _) = filter_log_events(aws.at_most(AGAIN), query, 1000, None).await.ok()?;
            if found.iter().any(|event| event.message == message) {
                return None;
            }
        }
        let patterns: Vec<String> = place.patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
        Some(Cause::of_pattern(&place.log_group, &patterns.join(", "), &message))
    }

    /// The time by AWS's clock, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.session.time()).unwrap_or_default() * 1000
    }

    /// What keeps the canary from the part of the chain that it has not reached.
    pub(super) fn causes(&self) -> Vec<Cause> {
        if self.caught.in_stream.is_none() && !self.caught.is_taken {
            let log_group = self.place.map_or("", |place| &place.log_group);
            let ways = self.place.map(|place| &place.ways[..]);
            let causes = into_the_stream(&self.seen, log_group, ways);
            if self.place.is_some() && !causes.is_empty() {
                return causes;
            }
        }
        let waiting = self.functions.iter().filter(|function| self.waits_for(function));
        let mut causes: Vec<Cause> = Vec::new();
        for cause in waiting.flat_map(|function| into_the_function(&self.seen, function.isolated.as_deref()))
        {
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        // Before it is in the stream, what comes later is not why it is not there.
        if self.caught.in_stream.is_none() {
            causes.iter_mut().for_each(|cause| cause.is_certain = false);
        }
        causes.sort_by_key(|cause| !cause.is_certain);
        causes
    }

    /// Whether a function owes something.
    fn waits_for(&self, function: &Function) -> bool {
        if self.expected.is_empty() {
            return !self.caught.is_taken;
        }
        let mut own = self.expected.iter().filter(|name| function.destinations.contains(name));
        own.any(|name| !self.caught.outcomes.contains_key(name))
    }

    /// The part of the chain that the canary has not reached, in words, if its destinations are not all settled.
    pub(super) fn pending(&self) -> Option<(Leg, String)> {
        if self.is_done() {
            return None;
        }
        let open = self.expected.iter().filter(|name| !self.caught.outcomes.contains_key(*name));
        let open: Vec<&str> = open.map(String::as_str).collect();
        Some(match (self.caught.in_stream, self.caught.is_taken) {
            (_, true) => (Leg::Forwarder, format!("no word from the forwarder about {}", open.join(", "))),
            (Some(_), _) => (Leg::Forwarder, "not taken by the forwarder".to_owned()),
            (None, _) => (Leg::Stream, "not in the stream".to_owned()),
        })
    }

    pub(super) fn is_done(&self) -> bool {
        let is_settled = |name: &String| self.caught.outcomes.contains_key(name);
        self.caught.is_taken && (self.caught.has_no_notes || self.expected.iter().all(is_settled))
    }

    fn doing(&self) -> &'static str {
        match (self.caught.in_stream, self.caught.is_taken) {
            (_, true) => "waiting for the destinations",
            (Some(_), _) => "waiting for the forwarder",
            (None, _) => "waiting for it in the stream",
        }
    }

    fn is_in_stream(&mut self, arrival: Option<&Arrival>, rows: &mut Rows<'_>) {
        let seconds = self.began.elapsed().as_secs_f64();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "milliseconds of our time are far below the limit"
        )]
        let arrived = arrival.and_then(|arrival| arrival.at).map(|at| (at * 1000.0) as i64);
        self.caught.arrived = arrived.or(Some(self.since));
        self.caught.in_stream = Some(seconds);
        let shard = arrival.map(|arrival| short(&arrival.shard));
        let found =
            shard.map_or_else(|| "in the stream".to_owned(), |shard| format!("in the stream, shard {shard}"));
        rows.add(Hop::new(Leg::Stream, State::Ok, seconds, found));
        rows.wait_for(self.doing());
    }

    async fn read_notes(&mut self, aws: Aws<'_>, rows: &mut Rows<'_>) -> Result<()> {
        for at in 0..self.functions.len() {
            if !self.waits_for(&self.functions[at]) {
                continue;
            }
            let notes = notes::read(aws, &self.functions[at], self.id, self.since).await?;
            if notes.outcomes.is_empty() {
                continue;
            }
            if self.caught.in_stream.is_none() {
                self.is_in_stream(None, rows);
            }
            // The note was there before it was read.
            let (now, in_stream) =
                (self.began.elapsed().as_secs_f64(), self.caught.in_stream.unwrap_or_default());
            let seconds = notes.lag_ms.map_or(now, |lag| (in_stream + lag / 1000.0).min(now));
            self.is_taken(seconds, "taken by the forwarder", rows);
            for (destination, outcome) in notes.outcomes {
                let names = match destination {
                    Some(name) => vec![name],
                    None => self.expected.clone(),
                };
                for name in names {
                    if self.expected.contains(&name) && !self.caught.outcomes.contains_key(&name) {
                        rows.add(outcome.hop(&name, seconds));
                        self.caught.outcomes.insert(name, outcome.clone());
                    }
                }
            }
            rows.wait_for(self.doing());
        }
        Ok(())
    }

    async fn read_counts(&mut self, aws: Aws<'_>, rows: &mut Rows<'_>) -> Result<()> {
        let Some(arrived) = self.caught.arrived else { return Ok(()) };
        for at in 0..self.functions.len() {
            if notes::by_counts(aws, &self.functions[at], arrived).await? == ByCounts::Taken {
                self.caught.has_no_notes = true;
                let seconds = self.began.elapsed().as_secs_f64();
                let found = "taken by the forwarder, by its counts: it is too old to report a canary";
                self.is_taken(seconds, found, rows);
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_taken(&mut self, seconds: f64, found: &str, rows: &mut Rows<'_>) {
        if !self.caught.is_taken {
            self.caught.is_taken = true;
            rows.add(Hop::new(Leg::Forwarder, State::Ok, seconds, found));
        }
    }
}

/// A shard by its number, as `shardId-000000000003` is.
pub(super) fn short(shard: &str) -> &str {
    let number = shard.rsplit('-').next().unwrap_or(shard).trim_start_matches('0');
    if number.is_empty() { "0" } else { number }
}
