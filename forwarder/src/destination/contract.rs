//! What a log service is to a batch, and what it may answer.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use tokio::time::Instant;

use super::timeouts::Timeouts;
use crate::net::Failure;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::Store;

/// A future of a destination, which borrows it.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A log service as a batch sees it.
///
/// A session goes [`take`](Destination::take) as often as needed, with a [`send`](Destination::send) whenever
/// it is full, then [`receipt`](Destination::receipt), then [`close`](Destination::close). After a failure
/// `close` follows at once, and what it gives no verdict on is taken again in the next session: nothing that
/// was sent is kept. Events are numbered from 0 in the order in which a session takes them.
pub trait Destination {
    /// Reads a secret again that the service seems to refuse, before a session takes anything.
    fn renew(&mut self, until: Instant) -> Wait<'_, ()>;

    /// Takes events of one payload, from the first on, until a piece is full: always at least one after a
    /// [`send`](Destination::send).
    fn take(&mut self, payload: &Payload<'_>, events: &[LogEvent<'_>]) -> Taken;

    /// Makes room by sending what is full; returns when the network or the service has taken it.
    fn send(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>>;

    /// Sends what is left and waits until there is a verdict on every event that was taken.
    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>>;

    /// Ends the session, after a receipt or a failure, and tells what became of the events it took.
    fn close(&mut self) -> Session;

    /// What it has done so far, since it was made.
    fn traffic(&self) -> Traffic;
}

/// Takes what destinations would send, in the place of the network: for looking at it first.
pub trait Sink: Debug {
    /// An event as it would go over the wire to a destination, and the event that it was made of, which has passed the
    /// rules of its route. There are no bytes where the forwarder fails on an event.
    fn sent(&self, destination: &str, event: &LogEvent<'_>, bytes: &[u8]);
}

/// The way to a [`Sink`] for one destination.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// The destination's name.
    pub destination: String,
    /// Who takes what it would send.
    pub sink: Rc<dyn Sink>,
}

/// How many events were taken, and whether room has to be made before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// So many, from the first on.
    pub events: usize,
    /// Whether it is time for a [`Destination::send`].
    pub full: bool,
}

/// What became of the events that a session took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// What is certain. The verdicts on the events of one record come in the order of the events, without
    /// gaps from the first on.
    pub verdicts: Vec<Verdict>,
    /// How many events may have arrived and have no verdict: they may arrive twice.
    pub in_doubt: u64,
}

/// What is certain of events one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Their numbers.
    pub events: Range<u64>,
    /// Why they will never be delivered; `None` when they are.
    pub rejected: Option<Rejected>,
}

/// Why an event will never be delivered. The rest of its record is not held up by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The `id` of the event, as far as it is known.
    pub event_id: Option<String>,
    /// The answer of the service, or the limit that the event passes.
    pub why: String,
}

/// Counts of a destination that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections made; none for HTTP, whose client keeps its own and does not tell.
    pub connections: u64,
    /// Bytes that the network took, sent again or not; of HTTP those of bodies, as compressed.
    pub bytes: u64,
    /// Receipts of a service that has never closed its side of a connection: nothing shows that a process has read
    /// what its kernel has acknowledged. See [`super::Receipt::Auto`].
    pub unproven: u64,
}

/// What destinations are made with, besides their own settings.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// How long they wait.
    pub timeouts: Timeouts,
    /// The texts that the configuration refers to.
    pub store: Rc<Store>,
    /// The AWS region of the stream, which is that of the log groups; empty where it is not known.
    pub region: String,
    /// Where what it would send goes, in the place of the network.
    pub outlet: Option<Outlet>,
}
