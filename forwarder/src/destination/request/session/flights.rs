//! Makes the requests of a destination, several at the same time, and draws the consequences of their answers.

use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::{Doubt, Requests, Sent, Service};
use crate::destination::request::answer::{self, Meaning};
use crate::destination::request::evidence::ROW;
use crate::destination::request::pause::Pause;
use crate::destination::request::pending::{Packing, Pending, Spot};
use crate::destination::request::reading::{self, Reading};
use crate::net::http::Answer;
use crate::net::{Failure, FailureKind};

/// Maximum number of single events to look at, wherever they stand, after a row was refused at either end.
const SPREAD: usize = 32;

impl<S: Service> Requests<S> {
    /// Sends what is sealed: all of it, or until there is room again for what comes next. After a failure nothing more
    /// is sent, and what is in flight is waited for: its answers are verdicts.
    pub(super) async fn pump(&mut self, until: Instant, all: bool) -> Result<(), Failure> {
        self.may_ask()?;
        let mut failure = None;
        loop {
            while failure.is_none() && self.start(until) {}
            let window = self.window();
            let ahead =
                self.jobs.unprepared(window).filter(|_| failure.is_none() && !self.flights.is_empty());
            let is_enough = !all && failure.is_none() && self.has_room();
            let landed = if ahead.is_some() || is_enough {
                // Before the processor is busy, what is in flight gets on its way.
                let landed = poll_fn(|context| Poll::Ready(self.flights.poll_next_unpin(context))).await;
                tokio::task::yield_now().await;
                match (landed, ahead) {
                    (Poll::Ready(landed), _) => landed,
                    (Poll::Pending, Some(id)) => {
                        self.prepare(id);
                        continue;
                    }
                    (Poll::Pending, None) => None,
                }
            } else {
                self.flights.next().await
            };
            let Some((id, result, took)) = landed else { break };
            if let Err(error) = self.land(id, result, took, until).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Maximum number of requests in flight. While events are refused it is one: only what is sent after a refusal
    /// tells what to make of it.
    fn window(&self) -> usize {
        if self.is_careful || !self.doubts.is_empty() { 1 } else { self.service.limits().in_flight }
    }

    /// Fails while the service wants to be left alone.
    fn may_ask(&mut self) -> Result<(), Failure> {
        let Some((pause, host)) = &self.pause else { return Ok(()) };
        let Some(left) = pause.left(Instant::now(), SystemTime::now()) else {
            self.pause = None;
            return Ok(());
        };
        let why = format!("{host} asked to be left alone until {}", pause.end());
        Err(Failure { retry_after: Some(left), ..Failure::new(FailureKind::Throttled, why) })
    }

    /// Makes the request of a job, unless it is made.
    fn prepare(&mut self, id: u64) {
        let by_line = self.service.limits().packing == Packing::Line;
        let Some(job) = self.jobs.get(id) else { return };
        if job.request.is_some() && job.secret == self.secret {
            return;
        }
        let mut parts = job.parts();
        if by_line {
            parts = parts.into_iter().map(|part| job.line(part)).collect();
        }
        let request = self.service.request(&parts);
        (job.request, job.secret) = (Some(request), self.secret);
    }

    /// Starts the next request; `false` when there is none, or enough are in flight.
    fn start(&mut self, until: Instant) -> bool {
        // After this many refusals in a row it looks for an event that is accepted: first at the end, and after as many
        // refusals there at single events in between.
        let is_probe = self.doubts.len() >= ROW;
        let next = match is_probe {
            true if !self.flights.is_empty() => None,
            true if self.probes < ROW => self.jobs.last(),
            true => match self.jobs.waiting() {
                0 => None,
                waiting => self.jobs.single_out(self.evidence.place(waiting)),
            },
            false => self.jobs.next(self.window()),
        };
        let Some(id) = next else { return false };
        self.prepare(id);
        let may_be_dead = self.has_kept && !self.is_alive;
        let started = self.evidence.request();
        let Some((request, job)) = self.jobs.start(id) else { return false };
        (job.is_probe, job.started) = (is_probe, started);
        job.on_kept = may_be_dead.then_some(self.clients);
        self.traffic.bytes += request.body().len() as u64;
        let patience = if may_be_dead {
            // A service that is known to take its time is not taken for a dead connection.
            self.patience_on_kept.max(2 * self.slowest).min(self.patience)
        } else {
            self.patience
        };
        let client = self.client.clone();
        self.flights.push(Box::pin(async move {
            let began = Instant::now();
            let result = client.send(request, patience, until).await;
            (id, result, began.elapsed())
        }));
        true
    }

    /// Draws the consequences of an answer, or of none.
    async fn land(&mut self, id: u64, result: Sent, took: Duration, until: Instant) -> Result<(), Failure> {
        let Some(job) = self.jobs.get(id) else { return Ok(()) };
        let events = job.spots.len() as u64;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => {
                job.wait();
                let on_kept = job.on_kept;
                self.in_doubt += if may_have_arrived(failure.kind) { events } else { 0 };
                return match on_kept {
                    Some(client) if failure.kind == FailureKind::Stalled => self.replace_client(client),
                    _ => Err(failure),
                };
            }
        };
        (self.has_kept, self.is_alive) = (true, true);
        self.slowest = self.slowest.max(took);
        match Meaning::of(answer.status) {
            Meaning::Taken => match reading::is_receipt(&answer, |a| self.service.read(a, job.written())) {
                Reading::Accepted => self.accept(id, None),
                Reading::Refused(refused) if refused >= job.written() => return self.refuse(id, &answer),
                Reading::Refused(refused) => {
                    let of = job.written();
                    let words = self.words(id, &answer);
                    self.accept(id, Some(format!(
                        "{refused} of {of} events of one request are refused, and it is unknown which; the others were \
                         accepted: {words}"
                    )));
                }
                Reading::No(how) => {
                    job.wait();
                    self.in_doubt += events;
                    let why = format!("{} answered {how}: {}", answer.host, self.words(id, &answer));
                    return Err(Failure::new(FailureKind::Refused, why));
                }
            },
            Meaning::TooMuch => return self.refuse(id, &answer),
            Meaning::Secret => return self.refuse_secret(id, &answer, until).await,
            Meaning::Failed(kind) => {
                job.wait();
                let doubtful = matches!(kind, FailureKind::Unavailable) || answer.status == 408;
                self.in_doubt += if doubtful { events } else { 0 };
                let said = match kind {
                    FailureKind::Refused => self.words(id, &answer),
                    _ => answer.status.to_string(),
                };
                let mut failure = Failure::new(kind, format!("{} answered {said}", answer.host));
                failure.retry_after = answer::retry_after(&answer.headers, SystemTime::now());
                self.pause = failure.retry_after.map(|pause| (Pause::of(pause), answer.host));
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Stops using connections that were kept, after one of this client turned out to be dead.
    fn replace_client(&mut self, client: u32) -> Result<(), Failure> {
        if client == self.clients {
            self.client = self.client.fresh().map_err(|why| Failure::new(FailureKind::Unsupported, why))?;
            self.clients += 1;
            self.has_kept = false;
        }
        Ok(())
    }

    /// Notes that a request is accepted; `but` says why its events are set aside all the same.
    fn accept(&mut self, id: u64, but: Option<String>) {
        let by_line = self.service.limits().packing == Packing::Line;
        let Some(job) = self.jobs.get(id) else { return };
        let started = job.started;
        let done = if by_line && job.next_line() { None } else { self.jobs.finish(id) };
        let (events, spots) = done.unwrap_or_default();
        self.settle(&events, &spots, but);
        self.evidence.accepted(started, spots.iter().map(|spot| key(&events, *spot)));
        self.probes = 0;
        // Those that were refused before are asked once more: the refusal counts now.
        let doubts = std::mem::take(&mut self.doubts);
        let (again, still): (Vec<_>, Vec<_>) =
            doubts.into_iter().partition(|doubt| self.evidence.is_vouched_for(doubt.key));
        self.doubts = still;
        for doubt in again.into_iter().rev() {
            self.jobs.push_front(doubt.event, vec![(0, 0)], doubt.streams);
        }
    }

    /// Halves a request that is refused, or draws the consequences for the one event in it.
    fn refuse(&mut self, id: u64, answer: &Answer) -> Result<(), Failure> {
        if self.jobs.halve(id) {
            return Ok(());
        }
        let why = self.words(id, answer);
        let Some(job) = self.jobs.get(id) else { return Ok(()) };
        let (streams, is_probe) = (Rc::clone(&job.streams), job.is_probe);
        let Some((events, spots)) = self.jobs.finish(id) else { return Ok(()) };
        let Some(spot) = spots.first() else { return Ok(()) };
        let key = key(&events, *spot);
        if self.evidence.refused(key, SystemTime::now()) {
            self.settle(&events, &spots, Some(why));
            return Ok(());
        }
        let host = answer.host.clone();
        self.doubts.push(Doubt { event: Rc::new(events.only(*spot)), streams, key, host, why });
        self.probes += usize::from(is_probe);
        if self.probes >= ROW + SPREAD { Err(self.refusal()) } else { Ok(()) }
    }

    /// What to make of refused events after which nothing was accepted, at the end of a session.
    pub(super) fn conclude(&mut self) -> Result<(), Failure> {
        // Of those at the end the last came first.
        self.doubts.sort_by_key(|doubt| doubt.event.event((0, 0)).0);
        let keys: Vec<u64> = self.doubts.iter().map(|doubt| doubt.key).collect();
        let believed =
            if keys.is_empty() { 0 } else { self.evidence.believes_the_last(&keys, SystemTime::now()) };
        let result = if believed < keys.len() { Err(self.refusal()) } else { Ok(()) };
        self.is_careful = result.is_err();
        for doubt in self.doubts.drain(..believed).collect::<Vec<_>>() {
            self.settle(&doubt.event, &[(0, 0)], Some(doubt.why));
        }
        result
    }

    fn refusal(&mut self) -> Failure {
        self.is_careful = true;
        let said = self.doubts.first().map(|doubt| format!("{} answered {}", doubt.host, doubt.why));
        let said = said.unwrap_or_default();
        let why = format!("{said}; it has refused {} events and accepted none after them", self.doubts.len());
        Failure::new(FailureKind::Refused, why)
    }

    /// Makes the request once more where the secret has changed.
    async fn refuse_secret(&mut self, id: u64, answer: &Answer, until: Instant) -> Result<(), Failure> {
        let Some(job) = self.jobs.get(id) else { return Ok(()) };
        // Another request in flight may have found out first.
        let mut is_new = job.secret != self.secret;
        if !is_new && !std::mem::replace(&mut job.is_renewed, true) {
            self.service.refused();
            is_new = self.service.renew(until).await;
            self.secret += u32::from(is_new);
        }
        let words = self.words(id, answer);
        if let Some(job) = self.jobs.get(id) {
            job.wait();
        }
        if is_new {
            return Ok(());
        }
        let why = format!("{} refuses the token or key of this destination: {words}", answer.host);
        Err(Failure::new(FailureKind::Unauthorized, why))
    }

    /// What may be shown of an answer to a job.
    fn words(&mut self, id: u64, answer: &Answer) -> String {
        let Some(job) = self.jobs.get(id) else { return answer.status.to_string() };
        let parts = job.parts();
        let sent: Vec<&[u8]> = parts.iter().flat_map(|part| [part.common, part.events]).collect();
        answer::words(answer, &sent, self.service.secrets().into_iter())
    }
}

/// What an event is known by from one session to the next: its id, or its bytes where it has none.
fn key(events: &Pending, spot: Spot) -> u64 {
    let mut hasher = DefaultHasher::new();
    let (_, id, _) = events.event(spot);
    let parts = events.parts(&[spot]);
    let bytes = parts.first().map(|part| part.events).unwrap_or_default();
    (id, bytes.len()).hash(&mut hasher);
    if id.is_empty() {
        bytes.hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether a request that failed like this may have reached the service whole.
fn may_have_arrived(kind: FailureKind) -> bool {
    use FailureKind::{Closed, Deadline, Reset, Stalled};
    matches!(kind, Closed | Deadline | Reset | Stalled)
}
