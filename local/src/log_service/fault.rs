//! What a log service can speak, and what can go wrong with it.

use std::time::Duration;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Lines over bare TCP.
    #[default]
    Plain,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only; the server sends session tickets, which a client has to read (a connection that is
    /// closed over unread bytes is reset, and the peer may lose what it has not read).
    Tls13,
}

/// What makes lines of the bytes on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Line feeds.
    #[default]
    Lines,
    /// Lengths before them: octet counting of RFC 6587.
    Syslog,
    /// HTTP/1.1: the lines are those of the bodies that are answered with a 2xx.
    Http,
    /// HTTP/1.1 with the measured rules of Rapid7's webhook, for requests that would be answered with a 2xx: only the
    /// first line of a body is stored, 204 for every token that is a UUID, 404 for any other, 413 from 65,536 bytes,
    /// and a line of more than 32,767 bytes is split.
    Webhook,
}

/// What goes wrong on a connection.
///
/// "Down" is no fault but [`super::LogService::stop_listening`]; "closed while idle" is
/// [`super::LogService::close_connections`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The connection is accepted and reset before anything is read.
    Refuse,
    /// The connection is accepted and closed in order before anything is read.
    CloseAtOnce,
    /// The connection lies there for this long before anything is read from it.
    SlowAccept(Duration),
    /// The client's first flight is never answered. On a plain connection the same as [`Fault::Stall`].
    HandshakeStuck,
    /// The handshake is done, then nothing is ever read.
    Stall,
    /// At most `bytes` are read every `every`.
    Trickle {
        /// Bytes of one read.
        bytes: usize,
        /// The pause before each read.
        every: Duration,
    },
    /// Nothing more is read after so many bytes of lines, and the connection stays open.
    StallAfter(u64),
    /// The connection is reset after so many bytes of lines, whatever was sent beyond them. What the
    /// kernel has acknowledged on the service's behalf by then is lost, and no sender can know.
    ResetAfter(u64),
    /// The connection is reset at the first pause of a millisecond after so many bytes of lines: everything
    /// that was acknowledged has been read.
    ResetInPauseAfter(u64),
    /// The service ends its own direction after so many bytes of lines, and reads on.
    HalfCloseAfter(u64),
    /// Everything is read, and the connection stays open when the client has closed its side.
    NeverClose,
    /// Nothing is read for this long after this many bytes of lines, then everything.
    PauseAfter(u64, Duration),
}

/// Whose certificate a TLS service shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// One that a client with the right authority accepts.
    #[default]
    Valid,
    /// One that expired in 2001.
    Expired,
    /// One for another host name.
    WrongName,
    /// One of an authority that nobody trusts.
    UnknownAuthority,
}
