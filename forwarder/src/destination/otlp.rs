//! OpenTelemetry's logs over HTTP: `ExportLogsServiceRequest` as protocol buffers.
//!
//! One payload is one resource, with the attributes that OpenTelemetry has agreed on for AWS; its events are log
//! records. A record stands in the request as bytes of its own, so that a request can be made of any run of records.
//! The numbers of fields are those of `opentelemetry/proto/logs/v1/logs.proto`, `common.proto` and `resource.proto`.

mod protobuf;

use bytes::Bytes;
use http::{Request, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use protobuf::{bytes, fixed64, head, head_len, message, number};

use super::authority::{Authority, Certificates};
use super::endpoint::ServiceUrl;
use super::headers::{self, Configured, Headers};
use super::request::pending::{Limits, Packing, Part};
use super::request::reading::{self, Reading};
use super::request::{self, Service, post};
use super::types::{Peer, Type};
use super::{Destination, Surroundings, Wait, defaults};
use crate::line::severity;
use crate::net::http::Answer;
use crate::record::extracted::{self, Origin};
use crate::record::json::text;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::{Held, Secret};
use crate::style::{LineRules, Style};

/// The path of logs, where the endpoint has none.
const PATH: &str = "/v1/logs";

/// What a lot takes in a request beside its resource and records: the scope, and four heads of fields.
const LOT: usize = SCOPE.len() + 4 * 6;

/// An `InstrumentationScope` with a name.
const SCOPE: &[u8] = b"\x0a\x08\x0a\x06cwl2le";

/// The attribute for the id of a record.
const UID: &str = "log.record.uid";

/// The log groups of Lambda functions, whose names follow.
const LAMBDA: &str = "/aws/lambda/";

/// Any receiver of OpenTelemetry's logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// `https://HOST:PORT`, to which `/v1/logs` is added, or the whole URL. It may hold a key, and so may be kept
    /// elsewhere.
    pub endpoint: Secret<ServiceUrl>,
    /// Headers of every request; the value of each may be a secret.
    #[serde(default, skip_serializing_if = "Configured::is_empty")]
    pub headers: Configured,
    /// Whether bodies are compressed.
    #[serde(default = "defaults::yes", skip_serializing_if = "defaults::is_yes")]
    pub gzip: bool,
    /// The largest body in bytes, before it is compressed: 1,024 to 16,777,216.
    #[serde(default = "defaults::megabyte", skip_serializing_if = "defaults::is_megabyte")]
    pub max_batch_bytes: usize,
    /// A PEM file with the certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificates to trust instead of the public ones, in PEM, or where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret<Certificates>>,
}

impl Otlp {
    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }
}

impl Type for Otlp {
    const SECRETS: &'static [&'static str] = &["endpoint", "headers.*", "ca"];
    const LINES: Option<LineRules> = None;
    /// As attributes of the resource.
    const SHOWS_LABELS: bool = true;

    fn validate(&self) -> Result<(), String> {
        headers::validate(&self.headers)?;
        self.authority().check(true)?;
        defaults::check_batch(self.max_batch_bytes)
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let known = self.endpoint.inline().zip(self.authority().known());
        Ok(known.map(|(url, trust)| Peer::server(&url.uri(""), trust)))
    }

    fn build(&self, _style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let service = Logs {
            url: Held::new(&self.endpoint, &surroundings.store)?,
            headers: Headers::new(&self.headers, &surroundings.store)?,
            gzip: self.gzip,
            limits: Limits {
                body: self.max_batch_bytes,
                lot: LOT,
                packing: Packing::Mixed,
                in_flight: request::IN_FLIGHT,
            },
            region: surroundings.region.clone(),
        };
        request::build(service, self.authority().trust(&surroundings.store), surroundings)
    }
}

struct Logs {
    url: Held<ServiceUrl>,
    headers: Headers,
    gzip: bool,
    limits: Limits,
    region: String,
}

impl Service for Logs {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn common(&self, payload: &Payload<'_>, origin: &Origin) -> Vec<u8> {
        let mut out = Vec::new();
        resource(payload, origin, &self.region, &mut out);
        out
    }

    fn write(&self, _payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        record(event, out);
    }

    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes> {
        let mut body = Vec::new();
        request(parts.iter().map(|part| (part.common, part.events)), &mut body);
        let mut request = post(self.url.value().uri(PATH), "application/x-protobuf", self.gzip, body);
        self.headers.apply(request.headers_mut());
        request
    }

    /// `ExportLogsServiceResponse`, as protocol buffers or as JSON. What its `partial_success` calls rejected must not
    /// be sent again, and it does not say which of the events those are.
    fn read(&self, answer: &Answer, _events: usize) -> Reading {
        if reading::text(answer).starts_with(b"{") {
            return from_json(reading::text(answer));
        }
        let is_protobuf = answer
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("protobuf")));
        match protobuf::check(&answer.body) {
            _ if !answer.is_whole => Reading::No("with a body that is too long to be read"),
            true if is_error(protobuf::find(&answer.body, 1).and_then(|code| code.number())) => STATUS,
            true => match rejected(&answer.body) {
                0 => Reading::Accepted,
                rejected => Reading::Refused(rejected),
            },
            false if is_protobuf => Reading::No("with a body that is damaged or cut off"),
            // Some answer with a text of their own.
            false => Reading::Accepted,
        }
    }

    fn secrets(&self) -> Vec<&str> {
        self.headers.exposed()
    }

    fn refused(&mut self) {
        self.url.refused();
        self.headers.refused();
    }

    fn renew(&mut self, until: Instant) -> Wait<'_, bool> {
        Box::pin(async move { self.url.renew(until).await | self.headers.renew(until).await })
    }
}

/// How many records a response of protocol buffers calls rejected.
fn rejected(body: &[u8]) -> usize {
    let number = || protobuf::find(protobuf::find(body, 1)?.bytes()?, 1)?.number();
    number().map_or(0, |rejected| usize::try_from(rejected).unwrap_or(usize::MAX))
}

/// A `google.rpc.Status` in the place of the response.
const STATUS: Reading = Reading::No("with a status that is an error");

/// Whether the code of a status is that of an error. Some repeat the 2xx.
fn is_error(code: Option<u64>) -> bool {
    code.is_some_and(|code| code != 0 && !(200..300).contains(&code))
}

/// The same of one of JSON, where 64-bit numbers are strings. Some name its members as they stand in the definition.
fn from_json(body: &[u8]) -> Reading {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return Reading::No("with a body that is damaged or cut off");
    };
    let Some(partial) = body.get("partialSuccess").or_else(|| body.get("partial_success")) else {
        // A value that is not a number is not a code either, but the words of an error.
        let code = body.get("code").map(|code| number_of(code).unwrap_or(u64::MAX));
        return if is_error(code) { STATUS } else { Reading::Accepted };
    };
    let rejected = partial.get("rejectedLogRecords").or_else(|| partial.get("rejected_log_records"));
    match rejected.filter(|rejected| !rejected.is_null()).map(number_of) {
        None | Some(Some(0)) => Reading::Accepted,
        Some(Some(rejected)) => Reading::Refused(usize::try_from(rejected).unwrap_or(usize::MAX)),
        Some(None) => Reading::No("with a number of rejected records that is none"),
    }
}

/// A whole number as JSON has it, or as a text of one.
fn number_of(value: &Value) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and in the range")]
    let whole =
        |number: f64| ((0.0..=9e15).contains(&number) && number.fract() == 0.0).then_some(number as u64);
    value.as_u64().or_else(|| whole(value.as_f64()?)).or_else(|| value.as_str()?.parse().ok())
}

/// Appends the `Resource` of a payload's events. `region` is that of the stream, which is that of the log group; events
/// in a log group of a central account may have another origin.
fn resource(payload: &Payload<'_>, origin: &Origin, region: &str, out: &mut Vec<u8>) {
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            attribute(1, name, |out| bytes(1, value.as_bytes(), out), out);
        }
    };
    text("cloud.provider", "aws");
    text("cloud.region", origin.region.as_deref().unwrap_or(region));
    text("cloud.account.id", origin.account.as_deref().unwrap_or(&payload.owner));
    text("faas.name", payload.log_group.strip_prefix(LAMBDA).unwrap_or_default());
    for (name, value) in &payload.labels {
        text(name, value);
    }
    for (name, value) in
        [("aws.log.group.names", &payload.log_group), ("aws.log.stream.names", &payload.log_stream)]
    {
        // An `ArrayValue` with one value.
        let one = |out: &mut Vec<u8>| message(1, out, |out| bytes(1, value.as_bytes(), out));
        attribute(1, name, |out| message(5, out, one), out);
    }
}

/// Appends an event as a `log_records` field of `ScopeLogs`.
fn record(event: &LogEvent<'_>, out: &mut Vec<u8>) {
    let text = text::unescape(event.message);
    let text = text::without_end(&text);
    message(2, out, |out| {
        let time = event.timestamp.and_then(|time| u64::try_from(time).ok()?.checked_mul(1_000_000));
        if let Some(time) = time {
            fixed64(1, time, out);
        }
        if let Some((severity, word)) = severity::of(text) {
            number(2, severity.number().into(), out);
            if !word.is_empty() {
                bytes(3, word.as_bytes(), out);
            }
        }
        message(5, out, |out| bytes(1, text.as_bytes(), out));
        if !event.id.is_empty() {
            // Records with the same one are duplicates.
            attribute(6, UID, |out| bytes(1, event.id.as_bytes(), out), out);
        }
        // A name is there once.
        for (name, value) in extracted::fields(event).filter(|(name, _)| !name.is_empty() && name != UID) {
            attribute(6, &name, |out| bytes(1, value.as_bytes(), out), out);
        }
    });
}

/// Appends a request with these records, each lot behind its resource.
fn request<'r>(lots: impl IntoIterator<Item = (&'r [u8], &'r [u8])>, out: &mut Vec<u8>) {
    for (resource, records) in lots {
        let scope_logs = SCOPE.len() + records.len();
        head(1, head_len(resource.len()) + resource.len() + head_len(scope_logs) + scope_logs, out);
        bytes(1, resource, out);
        head(2, scope_logs, out);
        out.extend_from_slice(SCOPE);
        out.extend_from_slice(records);
    }
}

/// A `KeyValue` whose `AnyValue` is appended by `value`.
fn attribute(field: u32, name: &str, value: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
    message(field, out, |out| {
        bytes(1, name.as_bytes(), out);
        message(2, out, value);
    });
}

#[cfg(test)]
mod tests;
