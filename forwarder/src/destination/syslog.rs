//! Syslog: RFC 5424 messages, framed by their lengths as RFC 6587 says.
//!
//! Log group, log stream, account, event id, labels and extracted fields stand in structured data. The name of the
//! application is the last part of the log group's name. A message keeps its line ends: nothing but the length ends it.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::authority::{Authority, Certificates};
use super::stream::{self, Framing, Target};
use super::types::{Peer, Type};
use super::{Destination, Receipt, Surroundings, Wait, defaults, endpoint};
use crate::line;
use crate::line::{format, severity};
use crate::net::tls::Trust;
use crate::record::extracted::{self, Origin};
use crate::record::json::text;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::Secret;
use crate::style::{Format, LineRules, Longest, Style};

/// The longest message by default: 8,192 bytes, which rsyslog and syslog-ng take unless they are told otherwise.
const LONGEST: usize = 8192;

/// The facility `user`.
const FACILITY: u8 = 1;

/// The name of our structured data. The number is the one that RFC 5612 gives to whoever has none.
const STRUCTURE: &str = "cwl2le@32473";

/// The name of the element with the fields that the filter pattern extracted: their names are the user's, and none of
/// them may look like one of ours.
const FIELDS: &str = "fields@32473";

/// What RFC 5424 allows for the name of an application, and for the name of a parameter.
const APP_NAME: usize = 48;
const PARAMETER_NAME: usize = 32;

/// A receiver of syslog over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// `HOST:PORT`, `[IPv6]:PORT`; the port for TLS is 6514.
    pub endpoint: String,
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
}

impl Syslog {
    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }

    pub(super) fn target(&self, trust: &Trust) -> Result<Target, String> {
        Target::new(endpoint::split(&self.endpoint)?, self.tls, trust)
    }
}

impl Type for Syslog {
    const SECRETS: &'static [&'static str] = &["ca"];
    const LINES: Option<LineRules> = Some(LineRules {
        format: Format::Message,
        longest: Some(Longest { default: LONGEST, most: 1 << 20 }),
    });
    /// As structured data.
    const SHOWS_LABELS: bool = true;

    fn validate(&self) -> Result<(), String> {
        endpoint::split(&self.endpoint)?;
        self.authority().check(self.tls)
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let trust = self.authority().known();
        trust.map(|trust| Ok(Peer::Stream(self.target(&trust)?))).transpose()
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let trust = self.authority().trust(&surroundings.store);
        let target = trust.and_then(|trust| self.target(&trust));
        stream::build(Frames(style), target, self.receipt, surroundings)
    }
}

/// Frames of a style. The protocol has no secret.
struct Frames(Style);

impl Framing for Frames {
    fn frame(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        let Style { format, max_bytes } = self.0;
        frame(payload.format.unwrap_or(format), payload, event, max_bytes, out);
    }

    fn refused(&mut self) {}

    fn renew(&mut self, _until: Instant) -> Wait<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// Appends an event as one frame, or as several when it has more than `limit` bytes, each marked
/// `part=2/5 id=ID` like the parts of lines.
fn frame(format: Format, payload: &Payload<'_>, event: &LogEvent<'_>, limit: usize, out: &mut Vec<u8>) {
    let text = text::unescape(event.message);
    let text = text::without_end(&text);
    let severity = severity::of(text).map_or(6, |(severity, _)| severity.syslog());
    let mut head = head(payload, event, severity, limit / 2);
    let start = head.len();
    match format {
        // What a prefix says stands in the header and in structured data.
        Format::Message | Format::Prefix => head.extend_from_slice(text.as_bytes()),
        Format::Json => format::write(Format::Json, payload, event, &mut head),
    }
    let (head, text) = head.split_at(start);
    for part in line::parts(text, event.id, limit.saturating_sub(head.len())) {
        let length = head.len() + part.mark.len() + part.text.len();
        out.extend_from_slice(format!("{length} ").as_bytes());
        for piece in [head, part.mark.as_bytes(), part.text] {
            out.extend_from_slice(piece);
        }
    }
}

/// What stands before the text, with the space after it. Extracted fields are left out from the first on with which it
/// would have more than `most` bytes: they are parts of the message, which needs room as well.
fn head(payload: &Payload<'_>, event: &LogEvent<'_>, severity: u8, most: usize) -> Vec<u8> {
    let priority = FACILITY * 8 + severity;
    let time = format::time_or_dash(event.timestamp);
    let name = payload.log_group.rsplit('/').next().unwrap_or_default();
    let app = printable(name, APP_NAME);
    let mut head = format!("<{priority}>1 {time} - {app} - - [{STRUCTURE}");
    let origin = Origin::of(event);
    let fixed = [
        ("group", payload.log_group.as_ref()),
        ("stream", payload.log_stream.as_ref()),
        ("account", origin.account.as_deref().unwrap_or(&payload.owner)),
        ("region", origin.region.as_deref().unwrap_or_default()),
        ("id", event.id),
    ];
    let labels = payload.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in fixed.into_iter().filter(|(_, value)| !value.is_empty()).chain(labels) {
        parameter(name, value, &mut head);
    }
    head.push(']');
    let mut element = String::new();
    for (name, value) in extracted::fields(event) {
        let before = element.len();
        parameter(&name, &value, &mut element);
        if head.len() + FIELDS.len() + element.len() > most {
            element.truncate(before);
            break;
        }
    }
    if !element.is_empty() {
        head.push_str(&format!("[{FIELDS}{element}]"));
    }
    head.push(' ');
    head.into_bytes()
}

/// Appends a parameter of structured data, with the space before it.
fn parameter(name: &str, value: &str, out: &mut String) {
    out.push_str(&format!(" {}=\"", printable(name, PARAMETER_NAME)));
    for character in value.chars() {
        match character {
            '"' | '\\' | ']' => out.extend(['\\', character]),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A name of printable ASCII characters without those that end it; `-` for an empty one.
fn printable(name: &str, most: usize) -> String {
    let allowed = |c: char| if c.is_ascii_graphic() && !"=]\"".contains(c) { c } else { '_' };
    let name: String = name.chars().take(most).map(allowed).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

#[cfg(test)]
mod tests;
