//! Log services: one trait, one file per service.

pub mod logentries;
mod tcp;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::config;
use crate::payload::{LogEvent, Payload};

/// A future of a destination, which borrows it.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A log service as a batch sees it.
///
/// A session goes [`begin`](Destination::begin), [`send`](Destination::send) as often as needed,
/// [`receipt`](Destination::receipt). Only a receipt means delivered. After a failure
/// [`abandon`](Destination::abandon) ends the session.
pub trait Destination {
    /// Appends an event as it goes over the wire.
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>);

    /// Makes ready to send. Bytes are counted from here.
    fn begin(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>>;

    /// Sends framed events; returns when the network has taken them.
    fn send<'a>(&'a mut self, bytes: &'a [u8], until: Instant) -> Wait<'a, Result<(), Failure>>;

    /// Waits until everything sent since [`begin`](Destination::begin) is delivered.
    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>>;

    /// Gives a session up after a failure, and tells how many of its first bytes are delivered all the
    /// same: those of a service that is slow, none of a connection that broke.
    fn abandon(&mut self) -> u64;

    /// How often a connection has been made so far.
    fn connections(&self) -> u64;
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
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            progress: Duration::from_secs(10),
            progress_on_kept: Duration::from_secs(3),
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
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
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
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether another attempt in the same invocation can help. A certificate does not get better in
    /// seconds, and used-up time does not come back; the next invocation tries again in any case.
    pub fn is_worth_retrying(self) -> bool {
        !matches!(self, Self::Certificate | Self::Deadline | Self::Unsupported)
    }
}

/// Makes a destination ready to use, without connecting.
///
/// # Errors
/// What is missing or wrong, in words for the operator: a certificate file, a secret.
pub fn build(
    config: &config::Destination,
    lines: &config::Lines,
    patience: Patience,
) -> Result<Box<dyn Destination>, String> {
    match config {
        config::Destination::Logentries(config) => {
            Ok(Box::new(logentries::TokenTcp::new(config, lines.clone(), patience)?))
        }
    }
}
