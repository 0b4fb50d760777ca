//! Logentries, today Rapid7 InsightOps / Log Search, by Token TCP.
//!
//! The protocol has no acknowledgement and no answer to a wrong token.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::authority::{Authority, Certificates};
use super::region::Place;
pub use super::region::{Region, UnknownRegion};
use super::stream::{self, Framing, Target};
use super::types::{Peer, Type};
use super::{Destination, Receipt, Surroundings, Wait, defaults, endpoint};
use crate::line;
use crate::line::format;
use crate::net::tls::Trust;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::{Held, Secret, Sensitive, Token};
use crate::style::{Format, LineRules, Longest, Style};

/// Maximum bytes of a line by default. Rapid7's webhook splits an entry after 32,767 bytes, without a mark and in
/// mid-character (measured by the authors of `Geekibo/rapid7-logger`, October 2026). That Token TCP does the same is
/// likely, because the same service stores both, but not shown. The vendor's Java client cuts at 65,536.
pub(super) const LONGEST_LINE: usize = 32_767;

/// Token TCP: a line is `TOKEN SPACE message LF` on a connection that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Logentries {
    /// `HOST:PORT`, `[IPv6]:PORT`. Either this or `region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region of the account. Either this or `endpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Whether the connection is TLS; plain is for tests and for collectors in a private network.
    #[serde(default = "defaults::yes", skip_serializing_if = "defaults::is_yes")]
    pub tls: bool,
    /// A PEM file with the certificates to trust instead of the public ones. Only with `tls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificates to trust instead of the public ones, in PEM, or where they are kept. Only with `tls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret<Certificates>>,
    /// What has to happen before events count as delivered.
    #[serde(default, skip_serializing_if = "Receipt::is_auto")]
    pub receipt: Receipt,
    /// The token of the log, or where it is kept.
    pub token: Secret<Token>,
}

/// The vendor's port for Token TCP over TLS.
const TLS_PORT: u16 = 443;
/// The vendor's port for plain Token TCP that is neither privileged nor taken by syslog.
const PLAIN_PORT: u16 = 10000;

impl Logentries {
    /// Host and port to connect to.
    ///
    /// # Errors
    /// When neither or both of `endpoint` and `region` are given, or the endpoint is not `HOST:PORT`.
    pub fn address(&self) -> Result<(String, u16), String> {
        match Place::given(self.endpoint.as_deref(), self.region, "HOST:PORT")? {
            Place::Endpoint(endpoint) => endpoint::split(endpoint),
            Place::Region(region) => Ok((
                format!("{region}.data.logs.insight.rapid7.com"),
                if self.tls { TLS_PORT } else { PLAIN_PORT },
            )),
        }
    }

    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }

    pub(super) fn target(&self, trust: &Trust) -> Result<Target, String> {
        Target::new(self.address()?, self.tls, trust)
    }
}

impl Type for Logentries {
    const SECRETS: &'static [&'static str] = &["token", "ca"];
    const LINES: Option<LineRules> = Some(LineRules {
        format: Format::Message,
        longest: Some(Longest { default: LONGEST_LINE, most: 1 << 20 }),
    });
    const SHOWS_LABELS: bool = false;

    fn validate(&self) -> Result<(), String> {
        self.address()?;
        self.authority().check(self.tls)
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let trust = self.authority().known();
        trust.map(|trust| Ok(Peer::Stream(self.target(&trust)?))).transpose()
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        // Nothing tells that the service drops the lines of a token that was replaced.
        let token = Held::new(&self.token, &surroundings.store)?.aging();
        let framing = TokenTcp { head: head(&token), token, style };
        let trust = self.authority().trust(&surroundings.store);
        let target = trust.and_then(|trust| self.target(&trust));
        stream::build(framing, target, self.receipt, surroundings)
    }
}

/// The token that begins every line, and how the rest of it looks.
struct TokenTcp {
    token: Held<Token>,
    /// The token and the space after it.
    head: Vec<u8>,
    style: Style,
}

fn head(token: &Held<Token>) -> Vec<u8> {
    format!("{} ", token.value().expose()).into_bytes()
}

impl Framing for TokenTcp {
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.head);
        format::write(payload.format.unwrap_or(self.style.format), payload, event, out);
        line::end_line(out, start, self.head.len(), event.id, self.style.max_bytes);
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
