//! Rapid7's HTTPS ingestion of Log Search, today's Logentries: lines in the body of a request, which answers 204.
//!
//! The vendor publishes no limit; what is too large is halved when the service says so.

use bytes::Bytes;
use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::logentries::Logentries;
use super::pending::{Limits, Part};
use super::region::{Place, Region};
use super::request::{self, Service, post};
use super::types::Type;
use super::{Destination, Surroundings, Wait, endpoint};
use crate::config::{LineRules, Style};
use crate::format;
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::secret::{Secret, Sensitive, Token};
use crate::store::Held;

/// The webhook of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsightWebhook {
    /// The region of the account. Either this or `endpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// `https://HOST` of a relay; the path is the vendor's. Either this or `region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The token of the log, or where it is kept.
    pub token: Secret<Token>,
    /// The largest body in bytes: 1,024 to 16,777,216.
    #[serde(default = "super::megabyte", skip_serializing_if = "super::is_megabyte")]
    pub max_batch_bytes: usize,
    /// A PEM file with the certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

impl InsightWebhook {
    fn base(&self) -> Result<String, String> {
        match Place::given(self.endpoint.as_deref(), self.region, "https://HOST")? {
            Place::Endpoint(base) => endpoint::base("endpoint", base),
            Place::Region(region) => Ok(format!("https://{region}.webhook.logs.insight.rapid7.com")),
        }
    }
}

impl Type for InsightWebhook {
    const SECRETS: &'static [&'static str] = &["token"];
    const LINES: Option<LineRules> = Logentries::LINES;
    const SHOWS_LABELS: bool = false;

    fn validate(&self) -> Result<(), String> {
        self.base()?;
        super::check_batch(self.max_batch_bytes)
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let service = Webhook {
            base: self.base()?,
            token: Held::new(&self.token, &surroundings.store)?,
            limits: Limits { body: self.max_batch_bytes, lot: 0, mixes: true },
            style,
        };
        request::build(service, self.ca_file.as_deref(), surroundings)
    }
}

struct Webhook {
    base: String,
    token: Held<Token>,
    limits: Limits,
    style: Style,
}

impl Service for Webhook {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn common(&self, _payload: &Payload<'_>) -> Vec<u8> {
        Vec::new()
    }

    fn write(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        format::write(payload.format.unwrap_or(self.style.format), payload, event, out);
        line::end_line(out, start, 0, event.id, self.style.max_bytes);
    }

    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes> {
        // Base and token are made of characters that every URL may have.
        let uri = format!("{}/v1/noformat/{}", self.base, self.token.value().expose());
        let body = parts.iter().map(|part| part.events).collect::<Vec<_>>().concat();
        post(uri.parse::<Uri>().unwrap_or_default(), "text/plain; charset=utf-8", false, body)
    }

    fn secrets(&self) -> Vec<&str> {
        vec![self.token.value().expose()]
    }

    fn refused(&mut self) {
        self.token.refused();
    }

    fn renew(&mut self, until: Instant) -> Wait<'_, bool> {
        Box::pin(self.token.renew(until))
    }
}
