//! Logentries, today Rapid7 InsightOps / Log Search, by Token TCP.
//!
//! The protocol has no acknowledgement and no answer to a wrong token.

use std::rc::Rc;

use tokio::time::Instant;

use super::dry::Dry;
use super::stream::{Framing, Stream};
use super::tcp::Target;
use super::{Destination, Outlet, Patience, Wait};
use crate::config;
use crate::format;
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::secret::{Sensitive, Token};
use crate::store::{Held, Store};
use crate::tls::Tls;

/// The token that begins every line, and how the rest of it looks.
struct TokenTcp {
    token: Held<Token>,
    /// The token and the space after it.
    head: Vec<u8>,
    lines: config::Lines,
}

/// Makes it ready to use, without connecting.
///
/// # Errors
/// A certificate file that cannot be read, an address that is none, a token that is kept elsewhere and not valid.
pub(super) fn build(
    config: &config::Logentries,
    lines: config::Lines,
    patience: Patience,
    store: &Rc<Store>,
    outlet: Option<Outlet>,
) -> Result<Box<dyn Destination>, String> {
    let token = Held::new(&config.token, store)?;
    let framing = TokenTcp { head: head(&token), token, lines };
    if let Some(outlet) = outlet {
        let frame = move |payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>| {
            framing.frame(payload, event, out);
        };
        return Ok(Box::new(Dry::new(frame, outlet)));
    }
    let (host, port) = config.address()?;
    let tls = if config.tls { Some(Tls::new(&host, config.ca_file.as_deref())?) } else { None };
    Ok(Box::new(Stream::new(framing, Target { host, port, tls }, patience)))
}

fn head(token: &Held<Token>) -> Vec<u8> {
    format!("{} ", token.value().expose()).into_bytes()
}

impl Framing for TokenTcp {
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        format::write(payload.format.unwrap_or(self.lines.format), payload, event, out);
        line::end_line(out, start, self.head.len(), event.id, self.lines.max_bytes);
    }

    fn refused(&mut self) {
        self.token.refused();
    }

    fn renew(&mut self, until: Instant) -> Wait<'_, ()> {
        Box::pin(async move {
            if self.token.renew(until).await {
                self.head = head(&self.token);
            }
        })
    }
}
