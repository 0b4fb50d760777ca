//! Log services that take events in HTTP requests, and answer each.
//!
//! A 2xx is the receipt, unless its body says no. Requests are filled to the limit of the service, and several are in
//! flight, those of one log stream one after the other, so that their order is that of the events. What a service
//! refuses as wrong or too large is cut in halves, down to the one event that is: so a bad event holds up nobody, and
//! the others arrive.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use http::Request;
use tokio::time::Instant;

use super::evidence::Evidence;
use super::jobs::Jobs;
use super::pause::Pause;
use super::pending::{Limits, Packing, Part, Pending, Spot, Streams};
use super::reading::Reading;
use crate::destination::dry::Dry;
use crate::destination::{
    Destination, Rejected, Session, Surroundings, Taken, Timeouts, Traffic, Verdict, Wait,
};
use crate::net::Failure;
use crate::net::http::{Answer, Client};
use crate::net::tls::Trust;
use crate::record::extracted::Origin;
use crate::record::payload::{LogEvent, Payload};

mod flights;

/// An answer may take so many times longer than the next byte of a connection: a body is megabytes.
const ANSWER: u32 = 3;

/// Maximum number of requests with many events in flight at the same time, while as many others are filled.
pub(crate) const IN_FLIGHT: usize = 3;

/// Maximum bytes of a body of which several are held in memory at the same time.
const SMALL: usize = 1 << 20;

/// How a service wants its events.
pub(crate) trait Service {
    /// What one request may hold.
    fn limits(&self) -> Limits;

    /// What the events of a payload that come from the same place have in common, which a request says once.
    fn common(&self, payload: &Payload<'_>, origin: &Origin) -> Vec<u8>;

    /// Appends an event as it stands in a body.
    fn write(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>);

    /// The request with these events; of a service that does not mix there is one part.
    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes>;

    /// What a 2xx says about the events of its request, unless [`super::reading::is_receipt`] says no already.
    fn read(&self, _answer: &Answer, _events: usize) -> Reading {
        Reading::Accepted
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

/// A request on its way, with the number of its job; and how long it took.
type Flight = Pin<Box<dyn Future<Output = (u64, Sent, Duration)>>>;

/// A service with what waits to be sent to it.
pub(crate) struct Requests<S> {
    service: S,
    client: Client,
    /// How many clients there have been before it.
    clients: u32,
    /// Whether the client may have connections from before.
    has_kept: bool,
    /// Whether there was an answer in this session.
    is_alive: bool,
    /// The longest time that an answer took.
    slowest: Duration,
    patience: Duration,
    patience_on_kept: Duration,
    /// How long the service wants to be left alone, and its host.
    pause: Option<(Pause, String)>,
    evidence: Evidence,
    /// Whether the last session ended with events that were refused.
    is_careful: bool,

    // What follows is of one session.
    /// Events that are not in a request yet: all in the first, or each log stream in one of several once there is more
    /// than one request to make.
    open: Vec<Pending>,
    is_split: bool,
    /// Which of them is full.
    full: Option<usize>,
    /// Events in requests.
    sealed: Vec<Weak<Pending>>,
    jobs: Jobs,
    flights: FuturesUnordered<Flight>,
    /// Events that are refused, which is not believed yet.
    doubts: Vec<Doubt>,
    /// How many events in a row were refused while it looked for one that is not.
    probes: usize,
    /// How often the secret has changed.
    secret: u32,
    /// How many events this session has taken.
    taken: u64,
    verdicts: Vec<Verdict>,
    in_doubt: u64,
    traffic: Traffic,
}

/// An event that is refused, which may be the fault of the service.
struct Doubt {
    event: Rc<Pending>,
    streams: Streams,
    /// What [`Evidence`] knows it by.
    key: u64,
    host: String,
    why: String,
}

/// A service ready to use, without connecting; with an outlet, in a way that never will: what goes there is each event
/// as it stands in a body.
///
/// # Errors
/// A certificate file that cannot be read, a proxy that is no URL.
pub(crate) fn build(
    service: impl Service + 'static,
    trust: Result<Trust, String>,
    surroundings: &Surroundings,
) -> Result<Box<dyn Destination>, String> {
    if let Some(outlet) = surroundings.outlet.clone() {
        let frame = move |payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>| {
            service.write(payload, event, out);
        };
        return Ok(Box::new(Dry::new(frame, outlet)));
    }
    Ok(Box::new(Requests::new(service, &trust?, surroundings.timeouts)?))
}

impl<S: Service> Requests<S> {
    /// Makes it ready to use, without connecting.
    pub(crate) fn new(service: S, trust: &Trust, timeouts: Timeouts) -> Result<Self, String> {
        let limits = service.limits();
        let parts = if limits.packing == Packing::Line { 1 } else { held(limits) / 2 / limits.body };
        Ok(Self {
            service,
            client: Client::trusting(trust)?,
            clients: 0,
            has_kept: false,
            is_alive: false,
            slowest: Duration::ZERO,
            patience: timeouts.progress * ANSWER,
            patience_on_kept: timeouts.progress_on_kept,
            pause: None,
            evidence: Evidence::new(timeouts.refused),
            is_careful: false,
            open: (0..parts.max(1)).map(|_| Pending::default()).collect(),
            is_split: false,
            full: None,
            sealed: Vec::new(),
            jobs: Jobs::default(),
            flights: FuturesUnordered::new(),
            doubts: Vec::new(),
            probes: 0,
            secret: 0,
            taken: 0,
            verdicts: Vec::new(),
            in_doubt: 0,
            traffic: Traffic::default(),
        })
    }

    /// Makes requests of some of the events that wait.
    fn seal(&mut self, at: usize) {
        let pending = Rc::new(std::mem::take(&mut self.open[at]));
        for (spots, streams) in pending.requests(self.service.limits().packing) {
            if pending.parts(&spots).is_empty() {
                self.settle(&pending, &spots, None);
            } else {
                self.jobs.push(Rc::clone(&pending), spots, streams);
            }
        }
        self.sealed.retain(|sealed| sealed.strong_count() > 0);
        self.sealed.push(Rc::downgrade(&pending));
    }

    /// How many bytes of events are held.
    fn bytes(&self) -> usize {
        let sealed: usize = self.sealed.iter().filter_map(Weak::upgrade).map(|sealed| sealed.bytes()).sum();
        sealed + self.open.iter().map(Pending::bytes).sum::<usize>()
    }

    /// Whether another body can be filled while the requests that are made wait for their answers.
    fn has_room(&self) -> bool {
        let limits = self.service.limits();
        self.bytes() + limits.body <= held(limits)
    }

    /// Notes what became of events: they are accepted, or set aside for a reason. Those that were never written are
    /// set aside in any case.
    fn settle(&mut self, pending: &Pending, spots: &[Spot], why: Option<String>) {
        for spot in spots {
            let (number, id, is_written) = pending.event(*spot);
            let why = if is_written {
                why.clone()
            } else {
                Some("the forwarder failed on it; please report this".to_owned())
            };
            // Which events a service refused of several is not known.
            let is_known = !is_written || spots.len() == 1;
            let event_id = Some(id.to_owned()).filter(|id| is_known && !id.is_empty());
            self.note(number, why.map(|why| Rejected { event_id, why }));
        }
    }

    fn note(&mut self, number: u64, rejected: Option<Rejected>) {
        match self.verdicts.last_mut() {
            Some(last) if last.events.end == number && last.rejected == rejected => last.events.end += 1,
            _ => self.verdicts.push(Verdict { events: number..number + 1, rejected }),
        }
    }
}

/// Maximum bytes of events to hold, those in requests without an answer included: six bodies, or one large one. The
/// smallest function has 128 MB for several destinations, and each needs as much again for the requests themselves.
fn held(limits: Limits) -> usize {
    limits.body.max(2 * IN_FLIGHT * limits.body.min(SMALL))
}

/// What tells a log stream from others.
fn stream(payload: &Payload<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&payload.owner, &payload.log_group, &payload.log_stream).hash(&mut hasher);
    hasher.finish()
}

impl<S: Service> Destination for Requests<S> {
    fn renew(&mut self, until: Instant) -> Wait<'_, ()> {
        Box::pin(async move {
            self.secret += u32::from(self.service.renew(until).await);
        })
    }

    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken {
        let (service, limits) = (&self.service, self.service.limits());
        let stream = stream(payload);
        let parts = self.open.len() as u64;
        #[allow(clippy::cast_possible_truncation, reason = "below the number of parts")]
        let at = if self.is_split { (stream % parts) as usize } else { 0 };
        let room = held(limits).saturating_sub(self.bytes()) + self.open[at].bytes();
        let common_from =
            |origin: &Origin| catch_unwind(AssertUnwindSafe(|| service.common(payload, origin)));
        let mut origin = Origin::default();
        let mut common = common_from(&origin);
        for (number, event) in events.iter().enumerate() {
            let its_origin = Origin::of(event);
            if its_origin != origin {
                origin = its_origin;
                common = common_from(&origin);
            }
            let write = |out: &mut Vec<u8>| {
                let written = catch_unwind(AssertUnwindSafe(|| service.write(payload, event, out)));
                common.is_ok() && written.is_ok()
            };
            let common = common.as_deref().unwrap_or_default();
            if !self.open[at].add(limits, (stream, common), (self.taken, event.id), write) {
                self.full = Some(at);
                return Taken { events: number, full: true };
            }
            self.taken += 1;
            if self.open[at].bytes() > room {
                return Taken { events: number + 1, full: true };
            }
        }
        Taken { events: events.len(), full: false }
    }

    fn send(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        let largest = (0..self.open.len()).max_by_key(|at| self.open[*at].bytes());
        if let Some(at) = self.full.take().or(largest) {
            self.seal(at);
        }
        self.is_split = self.open.len() > 1;
        Box::pin(self.pump(until, false))
    }

    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        (0..self.open.len()).for_each(|at| self.seal(at));
        Box::pin(async move {
            self.pump(until, true).await?;
            self.conclude()
        })
    }

    fn close(&mut self) -> Session {
        self.in_doubt += self.jobs.flying();
        self.open.iter_mut().for_each(|open| *open = Pending::default());
        (self.is_split, self.full, self.is_alive) = (false, None, false);
        self.sealed.clear();
        self.jobs.clear();
        self.flights.clear();
        self.doubts.clear();
        self.evidence.end_session();
        (self.probes, self.taken) = (0, 0);
        // Answers come in any order.
        let mut verdicts = std::mem::take(&mut self.verdicts);
        verdicts.sort_by_key(|verdict| verdict.events.start);
        Session { verdicts, in_doubt: std::mem::take(&mut self.in_doubt) }
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}
