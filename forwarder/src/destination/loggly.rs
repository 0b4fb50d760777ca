//! Loggly's bulk endpoint: one event a line.
//!
//! What stands for a line end inside an event is CR, as the clients of the vendor have it. Tags say where events come
//! from: those of the configuration, and the parts of the log group's name.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Request, Uri};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::authority::{Authority, Certificates};
use super::request::pending::{Limits, Packing, Part};
use super::request::reading::{self, Reading};
use super::request::{self, Service, post};
use super::types::{Peer, Type};
use super::{Destination, Surroundings, Wait, endpoint};
use crate::line;
use crate::line::format;
use crate::net::http::Answer;
use crate::record::extracted::Origin;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::{Held, Secret, Sensitive, Token};
use crate::style::{Format, LineRules, Longest, Style};

/// The vendor's host.
const ENDPOINT: &str = "https://logs-01.loggly.com";
/// The largest body in bytes that the service takes.
const LARGEST_BODY: usize = 5_000_000;
/// The largest event in bytes that the service takes.
const LARGEST_EVENT: usize = 1_000_000;
/// The longest tag.
const LONGEST_TAG: usize = 64;

/// One customer of Loggly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Loggly {
    /// The customer token, or where it is kept.
    pub token: Secret<Token>,
    /// Tags of every event, besides the log group and the labels of its route.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// `https://HOST` of another host than the vendor's; the path is the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// A PEM file with the certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificates to trust instead of the public ones, in PEM, or where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret<Certificates>>,
}

impl Loggly {
    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }

    fn base(&self) -> Result<String, String> {
        endpoint::base("endpoint", self.endpoint.as_deref().unwrap_or(ENDPOINT))
    }
}

impl Type for Loggly {
    const SECRETS: &'static [&'static str] = &["token", "ca"];
    const LINES: Option<LineRules> = Some(LineRules {
        format: Format::Message,
        longest: Some(Longest { default: LARGEST_EVENT, most: LARGEST_EVENT }),
    });
    /// As tags.
    const SHOWS_LABELS: bool = true;

    fn validate(&self) -> Result<(), String> {
        self.base()?;
        self.authority().check(true)?;
        match self.tags.iter().find(|given| tag(given) != **given || given.is_empty()) {
            None => Ok(()),
            Some(given) => Err(format!(
                "`{given}` is no tag: letters, digits, hyphens, dots and underscores, a letter or digit first, {LONGEST_TAG} at most"
            )),
        }
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let base = self.base()?;
        self.authority().known().map(|trust| Peer::server_of(&base, trust)).transpose()
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let service = Bulk {
            base: self.base()?,
            token: Held::new(&self.token, &surroundings.store)?,
            tags: self.tags.clone(),
            style,
        };
        request::build(service, self.authority().trust(&surroundings.store), surroundings)
    }
}

struct Bulk {
    base: String,
    token: Held<Token>,
    tags: Vec<String>,
    style: Style,
}

impl Service for Bulk {
    /// A request has one set of tags.
    fn limits(&self) -> Limits {
        Limits { body: LARGEST_BODY, lot: 0, packing: Packing::Lot, in_flight: request::IN_FLIGHT }
    }

    fn common(&self, payload: &Payload<'_>, _origin: &Origin) -> Vec<u8> {
        tags(&self.tags, payload).into_bytes()
    }

    fn write(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        frame(self.style, payload, event, out);
    }

    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes> {
        let tags = parts.first().map(|part| String::from_utf8_lossy(part.common)).unwrap_or_default();
        let tags = if tags.is_empty() { String::new() } else { format!("tag/{tags}/") };
        // Base, token and tags are made of characters that every URL may have.
        let uri = format!("{}/bulk/{}/{tags}", self.base, self.token.value().expose());
        let body = parts.iter().map(|part| part.events).collect::<Vec<_>>().concat();
        post(uri.parse::<Uri>().unwrap_or_default(), "text/plain; charset=utf-8", false, body)
    }

    /// `{"response":"ok"}`.
    fn read(&self, answer: &Answer, _events: usize) -> Reading {
        reading::json(answer, |name, value| {
            name == "response" && !serde_json::from_str::<Cow<'_, str>>(value).is_ok_and(|said| said == "ok")
        })
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

/// Appends an event as one line with its end, or as several where it is longer than the service takes.
fn frame(style: Style, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    format::write_with("\r", payload.format.unwrap_or(style.format), payload, event, out);
    line::end_line(out, start, 0, event.id, style.max_bytes);
}

/// The tags of a payload's events, as they stand in the URL and in `X-LOGGLY-TAG`: those of the configuration, the
/// log group, the account of a log group of another account, and the labels of its route as `NAME.VALUE`.
fn tags(configured: &[String], payload: &Payload<'_>) -> String {
    let mut tags: Vec<String> = Vec::new();
    let labels = payload.labels.iter().map(|(name, value)| format!("{name}.{value}"));
    let account = format::account(payload).map(|account| format!("account.{account}"));
    let all = configured.iter().cloned().chain([payload.log_group.to_string()]).chain(account).chain(labels);
    for tag in all.map(|text| tag(&text)) {
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.join(",")
}

/// A text as a tag: letters, digits, hyphens, dots and underscores, the first of them a letter or digit, 64 at most.
/// Everything else becomes a hyphen.
fn tag(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let tag = text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    tag.chars().map(allowed).take(LONGEST_TAG).collect()
}

#[cfg(test)]
mod tests;
