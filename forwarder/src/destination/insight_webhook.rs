//! Rapid7's HTTPS ingestion of Log Search, today's Logentries: one event in each request, which answers 204.
//!
//! The vendor documents no limits. These were measured on the live EU endpoint in July and October 2026 by the authors
//! of `Geekibo/rapid7-logger`, who queried what had been stored:
//!
//! - Only the first line of a body is stored, and the answer is 204 all the same. So a request holds one line.
//! - An entry of more than 32,767 bytes is split there, without a mark and in mid-character. From 65,536 bytes on, the
//!   answer is 413.
//! - A token that no log has, or one of another region, is answered with 204 as well, and nothing is stored. No client
//!   can tell a wrong token.
//! - 164 requests a second, 32 of them in flight at once, were all stored and never throttled.
//!
//! The service stamps an entry when it arrives. Requests in flight at the same time may arrive in another order than
//! they were sent, those of one log stream included: waiting for each answer would bring ten lines a second at a round
//! trip of 100 ms, and a log stream that is busier than that would never catch up.

use bytes::Bytes;
use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::authority::{Authority, Certificates};
use super::logentries::LONGEST_LINE;
use super::region::{Place, Region};
use super::request::pending::{Limits, Packing, Part};
use super::request::{self, Service, post};
use super::types::{Peer, Type};
use super::{Destination, Surroundings, Wait, endpoint};
use crate::line;
use crate::line::format;
use crate::record::extracted::Origin;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::{Held, Secret, Sensitive, Token};
use crate::style::{Format, LineRules, Longest, Style};

/// Maximum number of requests in flight: half of what was measured to work.
const IN_FLIGHT: usize = 16;

/// Maximum bytes of lines that wait for their requests.
const WAITING: usize = 256 << 10;

/// The webhook of one log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// A PEM file with the certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificates to trust instead of the public ones, in PEM, or where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret<Certificates>>,
}

impl InsightWebhook {
    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }

    fn base(&self) -> Result<String, String> {
        match Place::given(self.endpoint.as_deref(), self.region, "https://HOST")? {
            Place::Endpoint(base) => endpoint::base("endpoint", base),
            Place::Region(region) => Ok(format!("https://{region}.webhook.logs.insight.rapid7.com")),
        }
    }
}

impl Type for InsightWebhook {
    const SECRETS: &'static [&'static str] = &["token", "ca"];
    const LINES: Option<LineRules> = Some(LineRules {
        format: Format::Message,
        longest: Some(Longest { default: LONGEST_LINE, most: LONGEST_LINE }),
    });
    const SHOWS_LABELS: bool = false;

    fn validate(&self) -> Result<(), String> {
        self.base()?;
        self.authority().check(true)
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let base = self.base()?;
        self.authority().known().map(|trust| Peer::server_of(&base, trust)).transpose()
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let service = Webhook {
            base: self.base()?,
            token: Held::new(&self.token, &surroundings.store)?.aging(),
            style,
        };
        request::build(service, self.authority().trust(&surroundings.store), surroundings)
    }
}

struct Webhook {
    base: String,
    token: Held<Token>,
    style: Style,
}

impl Service for Webhook {
    fn limits(&self) -> Limits {
        Limits { body: WAITING, lot: 0, packing: Packing::Line, in_flight: IN_FLIGHT }
    }

    fn common(&self, _payload: &Payload<'_>, _origin: &Origin) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;
    use crate::record::payload::parse;

    fn lines(format: Format, message: &str, group: &str, max_bytes: usize) -> Vec<u8> {
        let event = serde_json::json!({"id": "7\n", "timestamp": 1, "message": message});
        let json = serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": group, "logStream": "s\r\ns",
                                      "logEvents": [event]});
        let json = json.to_string();
        let payload = parse(json.as_bytes()).unwrap();
        let token = Held::new(
            &Secret::Inline("01234567-89ab-cdef-0123-456789abcdef".parse().unwrap()),
            &Rc::default(),
        );
        let style = Style { format, max_bytes };
        let webhook = Webhook { base: String::new(), token: token.unwrap(), style };
        let mut out = Vec::new();
        webhook.write(&payload, &payload.events[0], &mut out);
        out
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "\\PC{0,9}",
            Just("\n".to_owned()),
            Just("\r".to_owned()),
            Just("\r\n".to_owned()),
            Just("\u{2028}".to_owned()),
            Just("\u{85}\u{b}\u{c}".to_owned())
        ];
        proptest::collection::vec(piece, 0..400).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Whatever is in an event, the service keeps all of it: a line holds neither LF nor CR, and is not too long.
        #[test]
        fn every_line_is_stored_whole(message in text(), group in text(), max_bytes in 1024..=LONGEST_LINE) {
            for format in [Format::Message, Format::Prefix, Format::Json] {
                let out = lines(format, &message, &group, max_bytes);
                prop_assert_eq!(out.last(), Some(&b'\n'));
                for line in out.split_inclusive(|byte| *byte == b'\n') {
                    prop_assert!(line.len() <= max_bytes);
                    prop_assert!(!line.contains(&b'\r'));
                    prop_assert!(std::str::from_utf8(line).is_ok(), "cut between characters");
                }
                let parts = out.iter().filter(|byte| **byte == b'\n').count();
                prop_assert!(parts == 1 || out.starts_with(b"part=1/"));
            }
        }
    }
}
