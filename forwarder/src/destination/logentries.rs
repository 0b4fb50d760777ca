//! Logentries, today Rapid7 InsightOps / Log Search, by Token TCP.
//!
//! The protocol has no acknowledgement and no answer to a wrong token.

use super::stream::{Framing, Stream};
use super::tcp::Target;
use super::{Destination, Patience};
use crate::config;
use crate::format;
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::secret::Secret;
use crate::tls::Tls;

/// The token that begins every line, and how the rest of it looks.
struct TokenTcp {
    /// The token and the space after it.
    head: Vec<u8>,
    lines: config::Lines,
}

/// Makes it ready to use, without connecting.
///
/// # Errors
/// A certificate file that cannot be read, an address that is none, a token that is kept elsewhere.
pub(super) fn build(
    config: &config::Logentries,
    lines: config::Lines,
    patience: Patience,
) -> Result<Box<dyn Destination>, String> {
    let (host, port) = config.address()?;
    let tls = if config.tls { Some(Tls::new(&host, config.ca_file.as_deref())?) } else { None };
    let Secret::Inline(token) = &config.token else {
        return Err(
            "`token` refers to a secret store, which this version cannot read; give the token itself".into(),
        );
    };
    let head = format!("{} ", token.expose()).into_bytes();
    Ok(Box::new(Stream::new(TokenTcp { head, lines }, Target { host, port, tls }, patience)))
}

impl Framing for TokenTcp {
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        format::write(self.lines.format, payload, event, out);
        line::end_line(out, start, self.head.len(), event.id, self.lines.max_bytes);
    }
}
