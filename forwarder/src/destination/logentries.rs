//! Logentries, today Rapid7 InsightOps / Log Search, by Token TCP.
//!
//! The protocol has no acknowledgement and no answer to a wrong token. What counts as delivered is what the
//! peer's TCP has acknowledged on a connection that nobody has ended; see [`crate::receipt`].

use tokio::time::Instant;

use super::tcp::{Connection, Target};
use super::{Destination, Failure, FailureKind, Patience, Wait};
use crate::config;
use crate::format;
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::secret::Secret;
use crate::tls::Tls;

/// A connection that is kept from one invocation to the next, and the token that begins every line.
pub struct TokenTcp {
    /// The token and the space after it.
    head: Vec<u8>,
    lines: config::Lines,
    target: Target,
    patience: Patience,
    connection: Option<Connection>,
    connections: u64,
}

impl TokenTcp {
    /// Makes it ready to use, without connecting.
    ///
    /// # Errors
    /// A certificate file that cannot be read, an address that is none, a token that is kept elsewhere.
    pub fn new(
        config: &config::Logentries,
        lines: config::Lines,
        patience: Patience,
    ) -> Result<Self, String> {
        let (host, port) = config.address()?;
        let tls = if config.tls { Some(Tls::new(&host, config.ca_file.as_deref())?) } else { None };
        let Secret::Inline(token) = &config.token else {
            return Err(
                "`token` refers to a secret store, which this version cannot read; give the token itself"
                    .into(),
            );
        };
        let head = format!("{} ", token.expose()).into_bytes();
        Ok(Self {
            head,
            lines,
            target: Target { host, port, tls },
            patience,
            connection: None,
            connections: 0,
        })
    }

    async fn connect(&mut self, until: Instant) -> Result<(), Failure> {
        if self.connection.as_mut().is_some_and(|kept| kept.begin_again(self.patience)) {
            return Ok(());
        }
        self.connection = None;
        self.connection = Some(Connection::open(&self.target, self.patience, until).await?);
        self.connections += 1;
        Ok(())
    }

    fn open(&mut self) -> Result<&mut Connection, Failure> {
        self.connection.as_mut().ok_or_else(|| Failure::new(FailureKind::Closed, "there is no connection"))
    }
}

impl Destination for TokenTcp {
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        format::write(self.lines.format, payload, event, out);
        line::end_line(out, start, self.head.len(), event.id, self.lines.max_bytes);
    }

    fn begin(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(self.connect(until))
    }

    fn send<'a>(&'a mut self, bytes: &'a [u8], until: Instant) -> Wait<'a, Result<(), Failure>> {
        Box::pin(async move { self.open()?.send(bytes, until).await })
    }

    fn receipt(&mut self, until: Instant) -> Wait<'_, Result<(), Failure>> {
        Box::pin(async move { self.open()?.receipt(until).await })
    }

    fn abandon(&mut self) -> u64 {
        self.connection.take().map_or(0, |mut connection| connection.acknowledged())
    }

    fn connections(&self) -> u64 {
        self.connections
    }
}
