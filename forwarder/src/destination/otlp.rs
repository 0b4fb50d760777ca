//! OpenTelemetry's logs over HTTP: `ExportLogsServiceRequest` as protocol buffers.
//!
//! One payload is one resource, with the attributes that OpenTelemetry has agreed on for AWS; its events are log
//! records. A record stands in the request as bytes of its own, so that a request can be made of any run of records.
//! The numbers of fields are those of `opentelemetry/proto/logs/v1/logs.proto`, `common.proto` and `resource.proto`.

use super::protobuf::{bytes, fixed64, head, head_len, message, number};
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::severity;

/// The log groups of Lambda functions, whose names follow.
const LAMBDA: &str = "/aws/lambda/";

/// Appends the `Resource` of a payload's events. `region` is that of the stream, which is that of the log group.
pub fn resource(payload: &Payload<'_>, region: &str, out: &mut Vec<u8>) {
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            attribute(1, name, |out| bytes(1, value.as_bytes(), out), out);
        }
    };
    text("cloud.provider", "aws");
    text("cloud.region", region);
    text("cloud.account.id", &payload.owner);
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
pub fn record(event: &LogEvent<'_>, out: &mut Vec<u8>) {
    let text = line::unescape(event.message);
    let text = line::without_end(&text);
    message(2, out, |out| {
        if let Some(time) = event.timestamp.and_then(|time| u64::try_from(time).ok()) {
            fixed64(1, time.saturating_mul(1_000_000), out);
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
            attribute(6, "log.record.uid", |out| bytes(1, event.id.as_bytes(), out), out);
        }
    });
}

/// Appends a request with these records, each lot behind its resource.
pub fn request<'r>(lots: impl IntoIterator<Item = (&'r [u8], &'r [u8])>, out: &mut Vec<u8>) {
    // An `InstrumentationScope` with a name.
    const SCOPE: &[u8] = b"\x0a\x08\x0a\x06cwl2le";
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
#[path = "otlp_tests.rs"]
mod tests;
