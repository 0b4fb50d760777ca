//! Log services that take events in HTTP requests, and answer each.
//!
//! A 2xx is the receipt. Requests are filled to the limit of the service, and as many are in flight as it can take. What a
//! service refuses as wrong or too large is cut in halves, down to the one event that is: so a bad event holds up nobody,
//! and the others arrive.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{HeaderValue, Method, Request, Uri, header};
use tokio::time::Instant;

use super::answer::{self, Meaning};
use super::dry::Dry;
use super::jobs::Jobs;
use super::pending::{Limits, Packing, Part, Pending, Spot};
use super::{
    Destination, Failure, FailureKind, Patience, Rejected, Session, Surroundings, Taken, Traffic, Verdict,
    Wait,
};
use crate::http::{Answer, Client};
use crate::payload::{LogEvent, Payload};

/// An answer may take so many times longer than the next byte of a connection: a body is megabytes.
const ANSWER: u32 = 3;

/// How a service wants its events.
pub(super) trait Service {
    /// What one request may hold.
    fn limits(&self) -> Limits;

    /// What the events of a payload have in common that a request says once.
    fn common(&self, payload: &Payload<'_>) -> Vec<u8>;

    /// Appends an event as it stands in a body.
    fn write(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>);

    /// The request with these events; of a service that does not mix there is one part.
    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes>;

    /// How many of the events a 2xx says are not taken. Which, it does not say.
    fn left_out(&self, _answer: &Answer) -> Option<usize> {
        None
    }

    /// The values that no output may show.
    fn secrets(&self) -> Vec<&str>;

    /// Notes that the service refuses a secret.
    fn refused(&mut self);

    /// Reads a refused secret again, and tells whether it is another now.
    fn renew(&mut self, until: Instant) -> Wait<'_, bool>;
}

/// What a request ended with.
type Sent = Result<Answer, Failure>;

/// A request on its way, with the number of its job.
type Flight = Pin<Box<dyn Future<Output = (u64, Sent)>>>;

/// A service with what waits to be sent to it.
pub(super) struct Requests<S> {
    service: S,
    client: Client,
    patience: Duration,
    pending: Pending,
    jobs: Jobs,
    flights: FuturesUnordered<Flight>,
    /// How often the secret has changed.
    secret: u32,
    /// How many events this session has taken.
    taken: u64,
    verdicts: Vec<Verdict>,
    in_doubt: u64,
    traffic: Traffic,
}

/// A service ready to use, without connecting; with an outlet, in a way that never will: what goes there is each event as
/// it stands in a body.
///
/// # Errors
/// A certificate file that cannot be read, a proxy that is no URL.
pub(super) fn build(
    service: impl Service + 'static,
    ca_file: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Box<dyn Destination>, String> {
    if let Some(outlet) = surroundings.outlet.clone() {
        let frame = move |payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>| {
            service.write(payload, event, out);
        };
        return Ok(Box::new(Dry::new(frame, outlet)));
    }
    Ok(Box::new(Requests::new(service, ca_file, surroundings.patience)?))
}

impl<S: Service> Requests<S> {
    /// Makes it ready to use, without connecting.
    pub(super) fn new(service: S, ca_file: Option<&str>, patience: Patience) -> Result<Self, String> {
        Ok(Self {
            service,
            client: Client::new(ca_file)?,
            patience: patience.progress * ANSWER,
            pending: Pending::default(),
            jobs: Jobs::default(),
            flights: FuturesUnordered::new(),
            secret: 0,
            taken: 0,
            verdicts: Vec::new(),
            in_doubt: 0,
            traffic: Traffic::default(),
        })
    }

    /// Sends everything that waits. After a failure nothing more is sent, and what is in flight is waited for: its
    /// answers are verdicts.
    async fn flush(&mut self, until: Instant) -> Result<(), Failure> {
        let pending = Rc::new(std::mem::take(&mut self.pending));
        for spots in pending.requests(self.service.limits().packing) {
            if pending.parts(&spots).is_empty() {
                self.settle(&pending, &spots, None);
            } else {
                self.jobs.push(&pending, spots);
            }
        }
        let mut failure = None;
        loop {
            while failure.is_none() && self.start(until) {}
            let Some((id, result)) = self.flights.next().await else { break };
            if let Err(error) = self.land(id, result, until).await {
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Makes the next request; `false` when there is none, or enough are in flight.
    fn start(&mut self, until: Instant) -> bool {
        let limits = self.service.limits();
        let Some((id, job)) = self.jobs.start(limits.in_flight, self.secret) else { return false };
        let mut parts = job.parts();
        if limits.packing == Packing::Line {
            parts.iter_mut().for_each(|part| *part = job.line(*part));
        }
        let request = self.service.request(&parts);
        self.traffic.bytes += request.body().len() as u64;
        let (client, patience) = (self.client.clone(), self.patience);
        self.flights.push(Box::pin(async move { (id, client.send(request, patience, until).await) }));
        true
    }

    /// Draws the consequences of an answer.
    async fn land(&mut self, id: u64, result: Sent, until: Instant) -> Result<(), Failure> {
        let limits = self.service.limits();
        let Some(job) = self.jobs.get(id) else { return Ok(()) };
        let events = job.spots.len() as u64;
        let answer = match result {
            Ok(answer) => answer,
            Err(failure) => {
                self.in_doubt += if may_have_arrived(failure.kind) { events } else { 0 };
                self.jobs.again(id);
                return Err(failure);
            }
        };
        let meaning = Meaning::of(answer.status);
        if meaning == Meaning::Secret && job.secret != self.secret {
            // Another request in flight has found out first.
            self.jobs.again(id);
            return Ok(());
        }
        if meaning == Meaning::Secret && !std::mem::replace(&mut job.is_renewed, true) {
            self.service.refused();
            if self.service.renew(until).await {
                self.secret += 1;
                self.jobs.again(id);
                return Ok(());
            }
        }
        match meaning {
            Meaning::Taken => {
                let left_out = self.service.left_out(&answer).map(|events| {
                    let words = self.words(id, &answer);
                    (events, format!("it took only some of a batch and does not say which: {words}"))
                });
                if let Some((events, spots)) = self.jobs.accepted(id, limits.packing == Packing::Line) {
                    self.settle(&events, &spots, left_out);
                }
                Ok(())
            }
            Meaning::TooMuch => {
                // Only the last word counts: to look for contents in an answer takes time.
                if !self.jobs.halve(id) {
                    let why = self.words(id, &answer);
                    if let Some((events, spots)) = self.jobs.finish(id) {
                        self.settle(&events, &spots, Some((1, why)));
                    }
                }
                Ok(())
            }
            Meaning::Secret => {
                let why = format!(
                    "{} refuses the token or key of this destination: {}",
                    answer.host,
                    self.words(id, &answer)
                );
                self.jobs.again(id);
                Err(Failure::new(FailureKind::Unauthorized, why))
            }
            Meaning::Failed(kind) => {
                let said = match kind {
                    FailureKind::Refused => self.words(id, &answer),
                    _ => answer.status.to_string(),
                };
                let doubtful = matches!(kind, FailureKind::Unavailable) || answer.status == 408;
                self.in_doubt += if doubtful { events } else { 0 };
                self.jobs.again(id);
                let mut failure = Failure::new(kind, format!("{} answered {said}", answer.host));
                failure.retry_after = answer::retry_after(&answer.headers, SystemTime::now());
                Err(failure)
            }
        }
    }

    /// What may be shown of an answer to a job.
    fn words(&mut self, id: u64, answer: &Answer) -> String {
        let Some(job) = self.jobs.get(id) else { return answer.status.to_string() };
        let parts = job.parts();
        let sent: Vec<&[u8]> = parts.iter().flat_map(|part| [part.common, part.events]).collect();
        answer::words(answer, &sent, self.service.secrets().into_iter())
    }

    /// Notes that events are taken, but for the last `left_out` and those that were never written.
    fn settle(&mut self, pending: &Pending, spots: &[Spot], left_out: Option<(usize, String)>) {
        let (count, why) = left_out.unwrap_or_default();
        let written = spots.iter().filter(|spot| pending.event(**spot).2).count();
        let mut to_take = written.saturating_sub(count);
        for spot in spots {
            let (number, id, is_written) = pending.event(*spot);
            let rejected = if !is_written {
                Some("the forwarder failed on it; please report this".to_owned())
            } else if to_take == 0 {
                Some(why.clone())
            } else {
                to_take -= 1;
                None
            };
            // Which events a service left out of several is not known.
            let is_known = !is_written || written == 1;
            let event_id = Some(id.to_owned()).filter(|id| is_known && !id.is_empty());
            self.note(number, rejected.map(|why| Rejected { event_id, why }));
        }
    }

    fn note(&mut self, number: u64, rejected: Option<Rejected>) {
        match self.verdicts.last_mut() {
            Some(last) if last.events.end == number && last.rejected == rejected => last.events.end += 1,
            _ => self.verdicts.push(Verdict { events: number..number + 1, rejected }),
        }
    }
}

impl<S: Service> Destination for Requests<S> {
    fn renew(&mut self, until: Instant) -> Wait<'_, ()> {
        Box::pin(async move {
            if self.service.renew(until).await {
                self.secret += 1;
            }
        })
    }

    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        let (service, limits) = (&self.service, self.service.limits());
        let common = catch_unwind(AssertUnwindSafe(|| service.common(payload)));
        for (at, event) in events.iter().enumerate() {
            let write = |out: &mut Vec<u8>| {
                let written = catch_unwind(AssertUnwindSafe(|| service.write(payload, event, out)));
                common.is_ok() && written.is_ok()
            };
            let common = common.as_deref().unwrap_or_default();
            if !self.pending.add(limits, common, (self.taken, event.id), write) {
                return Taken { events: at, full: true };
            }
            self.taken += 1;
        }
        Taken { events: events.len(), full: false }
    }

    fn send(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(self.flush(until))
    }

    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(self.flush(until))
    }

    fn close(&mut self) -> Session {
        self.in_doubt += self.jobs.flying();
        self.pending = Pending::default();
        self.jobs.clear();
        self.flights.clear();
        self.taken = 0;
        // Answers come in any order.
        let mut verdicts = std::mem::take(&mut self.verdicts);
        verdicts.sort_by_key(|verdict| verdict.events.start);
        Session { verdicts, in_doubt: std::mem::take(&mut self.in_doubt) }
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}

/// Whether a request that failed like this may have reached the service whole.
fn may_have_arrived(kind: FailureKind) -> bool {
    use FailureKind::{Closed, Deadline, Reset, Stalled};
    matches!(kind, Closed | Deadline | Reset | Stalled)
}

/// A request with a body, compressed where the service takes that.
pub(super) fn post(uri: Uri, content_type: &'static str, gzip: bool, body: Vec<u8>) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    *request.body_mut() = if gzip {
        request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        compressed(&body)
    } else {
        body.into()
    };
    request
}

fn compressed(body: &[u8]) -> Bytes {
    use std::io::Write as _;
    // The fastest level: the function's processor is slow, and logs shrink to a fraction by any.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}
