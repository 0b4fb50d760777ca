//! What a log service is to a batch, and what it may answer.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use crate::record::payload::{LogEvent, Payload};
use crate::secret::store::Store;

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
pub trait Sink: fmt::Debug {
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

/// How long a destination waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one address to take the connection.
    pub connect: Duration,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the next byte to be taken or acknowledged.
    pub progress: Duration,
    /// The same on the first use of a connection that was kept: it may have died while the function was
    /// frozen, without anybody telling.
    pub progress_on_kept: Duration,
    /// For a service that has never closed its side of a connection to do so, once it has acknowledged everything.
    /// Where it has closed before, `progress` counts.
    pub close: Duration,
    /// For an HTTP service to accept an event that it refuses, before time speaks against the event.
    pub refused: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            progress: Duration::from_secs(10),
            progress_on_kept: Duration::from_secs(3),
            // rsyslog and syslog-ng take 5 to 10 ms, round trips between continents 0.3 s.
            close: Duration::from_secs(2),
            refused: Duration::from_secs(15 * 60),
        }
    }
}

/// What went wrong with a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for decisions and counts.
    pub kind: FailureKind,
    /// The words of the system or library; never a token or a message.
    pub detail: String,
    /// How long the service wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The host name has no address.
    Dns,
    /// No address takes the connection.
    Connect,
    /// The TLS handshake failed or hung.
    Handshake,
    /// The service's certificate is not acceptable.
    Certificate,
    /// The connection was reset.
    Reset,
    /// The service closed the connection.
    Closed,
    /// No byte was taken or acknowledged for too long.
    Stalled,
    /// The time of the invocation is used up.
    Deadline,
    /// An HTTP service is busy: 408 or 429.
    Throttled,
    /// An HTTP service fails: 5xx.
    Unavailable,
    /// An HTTP service refuses the secret, which has been read again: 401 or 403.
    Unauthorized,
    /// An HTTP service refuses the request for another reason, which is not in the events.
    Refused,
    /// Something that no retry changes.
    Unsupported,
}

impl FailureKind {
    /// A short name for counts and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::Certificate => "certificate",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Stalled => "stalled",
            Self::Deadline => "deadline",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unauthorized => "unauthorized",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether it is unlikely to end by itself: a log service that refuses everything, or the key.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::Certificate | Self::Unauthorized | Self::Refused | Self::Unsupported)
    }

    /// Whether another attempt in the same invocation can help. A certificate or a secret does not get better in
    /// seconds, and used-up time does not come back; the next invocation tries again in any case.
    pub fn is_worth_retrying(self) -> bool {
        !matches!(
            self,
            Self::Certificate | Self::Deadline | Self::Unauthorized | Self::Refused | Self::Unsupported
        )
    }
}

/// What destinations are made with, besides their own settings.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// How long they wait.
    pub patience: Patience,
    /// The texts that the configuration refers to.
    pub store: Rc<Store>,
    /// The AWS region of the stream, which is that of the log groups; empty where it is not known.
    pub region: String,
    /// Where what it would send goes, in the place of the network.
    pub outlet: Option<Outlet>,
}

pub(super) fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_yes(value: &bool) -> bool {
    *value
}

/// The largest body by default, where the service says nothing: 1,048,576 bytes, which every service takes.
pub(super) fn megabyte() -> usize {
    1 << 20
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(super) fn is_megabyte(bytes: &usize) -> bool {
    *bytes == megabyte()
}

/// Checks the largest body: from one that is worth a request to one that the smallest function can hold.
pub(super) fn check_batch(bytes: usize) -> Result<(), String> {
    if (1024..=16 << 20).contains(&bytes) {
        return Ok(());
    }
    Err(format!("`max_batch_bytes` is 1024 to 16777216, not {bytes}"))
}
