//! What goes wrong with a connection or a request.

use std::fmt;
use std::time::Duration;

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
    /// All kinds, from the connection to the answer.
    pub const ALL: [Self; 13] = [
        Self::Dns,
        Self::Connect,
        Self::Handshake,
        Self::Certificate,
        Self::Reset,
        Self::Closed,
        Self::Stalled,
        Self::Deadline,
        Self::Throttled,
        Self::Unavailable,
        Self::Unauthorized,
        Self::Refused,
        Self::Unsupported,
    ];

    /// The kind of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

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

#[cfg(test)]
mod tests {
    use super::FailureKind;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for (at, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, FailureKind::of_name(kind.name())), (at, Some(kind)));
        }
        assert_eq!(FailureKind::of_name("other"), None);
    }
}
