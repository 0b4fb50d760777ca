//! How long a destination waits for what.

use std::time::Duration;

use crate::net::http::CONNECT;

/// How long a destination waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
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

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: CONNECT,
            handshake: Duration::from_secs(5),
            progress: Duration::from_secs(10),
            progress_on_kept: Duration::from_secs(3),
            // rsyslog and syslog-ng take 5 to 10 ms, round trips between continents 0.3 s.
            close: Duration::from_secs(2),
            refused: Duration::from_secs(15 * 60),
        }
    }
}
