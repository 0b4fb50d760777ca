//! Syslog: RFC 5424 messages, framed by their lengths as RFC 6587 says.
//!
//! Log group, log stream, account, event id and labels stand in structured data. The name of the application is the
//! last part of the log group's name. A message keeps its line ends: nothing but the length ends it.

use crate::config::Format;
use crate::format;
use crate::line;
use crate::payload::{LogEvent, Payload};
use crate::severity;

/// The facility `user`.
const FACILITY: u8 = 1;

/// The name of our structured data. The number is the one that RFC 5612 gives to whoever has none.
const STRUCTURE: &str = "cwl2le@32473";

/// What RFC 5424 allows for the name of an application, and for the name of a parameter.
const APP_NAME: usize = 48;
const PARAMETER_NAME: usize = 32;

/// Appends an event as one frame, or as several when it has more than `limit` bytes, each marked
/// `part=2/5 id=ID` like the parts of lines.
pub fn frame(format: Format, payload: &Payload<'_>, event: &LogEvent<'_>, limit: usize, out: &mut Vec<u8>) {
    let text = line::unescape(event.message);
    let text = line::without_end(&text);
    let mut head = head(payload, event, severity::of(text).map_or(6, |(severity, _)| severity.syslog()));
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

/// What stands before the text, with the space after it.
fn head(payload: &Payload<'_>, event: &LogEvent<'_>, severity: u8) -> Vec<u8> {
    let priority = FACILITY * 8 + severity;
    let time = format::time(event.timestamp);
    let name = payload.log_group.rsplit('/').next().unwrap_or_default();
    let app = printable(name, APP_NAME);
    let mut head = format!("<{priority}>1 {time} - {app} - - [{STRUCTURE}");
    let fixed = [
        ("group", payload.log_group.as_ref()),
        ("stream", payload.log_stream.as_ref()),
        ("account", payload.owner.as_ref()),
        ("id", event.id),
    ];
    let labels = payload.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in fixed.into_iter().filter(|(_, value)| !value.is_empty()).chain(labels) {
        head.push_str(&format!(" {}=\"", printable(name, PARAMETER_NAME)));
        for character in value.chars() {
            match character {
                '"' | '\\' | ']' => head.extend(['\\', character]),
                control if control.is_control() => head.push(' '),
                other => head.push(other),
            }
        }
        head.push('"');
    }
    head.push_str("] ");
    head.into_bytes()
}

/// A name of printable ASCII characters without those that end it; `-` for an empty one.
fn printable(name: &str, most: usize) -> String {
    let allowed = |c: char| if c.is_ascii_graphic() && !"=]\"".contains(c) { c } else { '_' };
    let name: String = name.chars().take(most).map(allowed).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

#[cfg(test)]
#[path = "syslog_tests.rs"]
mod tests;
