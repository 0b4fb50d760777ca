//! Loggly's bulk endpoint: one event a line.
//!
//! What stands for a line end inside an event is CR, as the clients of the vendor have it. Tags say where events come
//! from: those of the configuration, and the parts of the log group's name.

use crate::config::Format;
use crate::format;
use crate::payload::{LogEvent, Payload};

/// The largest body in bytes that the service takes.
pub const LARGEST_BODY: usize = 5_000_000;
/// The largest event in bytes that the service takes.
pub const LARGEST_EVENT: usize = 1_000_000;
/// The longest tag.
const LONGEST_TAG: usize = 64;

/// Appends an event as one line with its end.
pub fn frame(format: Format, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
    format::write_with("\r", format, payload, event, out);
    out.push(b'\n');
}

/// The tags of a payload's events, as they stand in the URL and in `X-LOGGLY-TAG`: those of the configuration, the
/// log group, and the labels of its route as `NAME.VALUE`.
pub fn tags(configured: &[String], payload: &Payload<'_>) -> String {
    let mut tags: Vec<String> = Vec::new();
    let labels = payload.labels.iter().map(|(name, value)| format!("{name}.{value}"));
    let all = configured.iter().cloned().chain([payload.log_group.to_string()]).chain(labels);
    for tag in all.map(|text| tag(&text)) {
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.join(",")
}

/// A text as a tag: letters, digits, hyphens, dots and underscores, the first of them a letter or digit, 64 at most.
/// Everything else becomes a hyphen.
pub fn tag(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let tag = text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    tag.chars().map(allowed).take(LONGEST_TAG).collect()
}

#[cfg(test)]
#[path = "loggly_tests.rs"]
mod tests;
