//! What a line looks like: for people on one line, for programs as JSON. Pure.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::groups::Group;
use super::source::Line;
use crate::journal::{Canary, Delivery, Entry, Invocation, Level, Note, Started};
use crate::output::style::{BAD, DIM, WARN};
use crate::output::{quantity, visible};

/// Maximum number of characters that are shown of one reason; `--raw` shows all.
const REASON: usize = 300;

/// The day of a time in milliseconds since 1970, as `2026-11-30`.
pub(super) fn day(at: i64) -> String {
    rfc3339(at)[..10].to_owned()
}

/// The line above the lines of a day.
pub(super) fn heading(day: &str) -> String {
    format!("{DIM}{day} UTC{DIM:#}")
}

/// The name of a function beside others of the stack.
pub(super) fn label(group: &Group) -> String {
    group.destination.as_deref().map_or_else(|| "-".to_owned(), visible)
}

/// The line for people. `group` is its log group and the width of the column for its label, if the stack has several.
/// `only` is the destination that it is shown for.
pub(super) fn text(line: &Line, group: Option<(&Group, usize)>, only: Option<&str>) -> String {
    let column = group.map(|(group, width)| format!("{:<width$}  ", label(group))).unwrap_or_default();
    let level = match line.entry.level() {
        Level::Error => format!("{BAD}ERROR{BAD:#}  "),
        Level::Warn => format!("{WARN}WARN{WARN:#}  "),
        Level::Info | Level::Debug => String::new(),
    };
    let said = match &line.entry {
        Entry::Invocation(said) => invocation(said, only),
        Entry::Started(said) => started(said),
        Entry::Canary(said) => canary(said),
        Entry::Note(said) => note(said),
        Entry::Platform(said) => match &said.failure {
            Some(why) => format!("Lambda: {}", reason(why)),
            None => reason(&line.event.message),
        },
        Entry::Other(said) => reason(said),
    };
    format!("{}  {column}{level}{said}", &rfc3339(line.event.timestamp)[11..19])
}

/// The line for programs: where and when it was logged, what it is, and the line as it was logged.
pub(super) fn json(line: &Line, group: &Group) -> Value {
    let (kind, version, function_version) = match &line.entry {
        Entry::Invocation(said) => ("invocation", said.version.as_ref(), said.function_version.as_ref()),
        Entry::Started(said) => ("started", said.version.as_ref(), said.function_version.as_ref()),
        Entry::Canary(_) => ("canary", None, None),
        Entry::Note(_) => ("note", None, None),
        Entry::Platform(said) => ("platform", None, said.function_version.as_ref()),
        Entry::Other(_) => ("other", None, None),
    };
    let logged = serde_json::from_str(&line.event.message).ok().filter(Value::is_object);
    json!({
        "time": rfc3339(line.event.timestamp),
        "log_group": group.log_group,
        "log_stream": line.event.log_stream,
        "event_id": line.event.id,
        "kind": kind,
        "level": line.entry.level().name(),
        "version": version,
        "function_version": function_version,
        "line": logged.unwrap_or_else(|| json!(line.event.message.trim_end_matches(['\n', '\r']))),
    })
}

fn invocation(said: &Invocation, only: Option<&str>) -> String {
    let shown = said.destinations.iter().filter(|(name, _)| only.is_none_or(|only| only == name.as_str()));
    let mut parts: Vec<String> =
        shown.clone().filter(|(_, did)| did.failure.is_some()).map(|(name, did)| failed(name, did)).collect();
    let accepted = shown.filter(|(_, did)| did.failure.is_none() && did.has_delivered());
    let accepted: Vec<String> = accepted
        .map(|(name, did)| {
            let receipt = did.receipt_ms.map(|time| format!(" ({time:.0} ms)")).unwrap_or_default();
            format!("{} to {}{receipt}", count(did.events_delivered), visible(name))
        })
        .collect();
    if !accepted.is_empty() {
        parts.push(format!("delivered {}", accepted.join(", ")));
    }
    let events = &said.events;
    if only.is_none() {
        for (number, what) in [
            (events.filtered, "filtered"),
            (events.quarantined, "quarantined"),
            (events.failed, "will be sent again"),
            (said.unbalanced, "not accounted for: please report this bug"),
        ] {
            if number.is_some_and(|number| number > 0) {
                parts.push(format!("{} {what}", count(number)));
            }
        }
    }
    if let Some(failure) = said.quarantine.as_ref().and_then(|quarantine| quarantine.failure.as_ref()) {
        parts.push(format!("the quarantine: {}", reason(failure)));
    }
    let records = said.records.received;
    if parts.is_empty() && records != Some(0) {
        parts.push("nothing to deliver".to_owned());
    }
    parts.push(match records {
        Some(0) => "no records".to_owned(),
        Some(1) => "1 record".to_owned(),
        records => format!("{} records", count(records)),
    });
    parts.extend(said.lag_ms.map(|lag| format!("{} behind", span(lag))));
    parts.extend(numbered(said.function_version.as_deref()));
    parts.join("; ")
}

/// A destination that did not accept every event.
fn failed(name: &str, did: &Delivery) -> String {
    let why = because(did.failure.as_deref().unwrap_or_default(), did.detail.as_deref());
    let retries = match did.retries {
        Some(1) => " (1 retry)".to_owned(),
        Some(retries) if retries > 1 => format!(" ({} retries)", count(Some(retries))),
        _ => String::new(),
    };
    let (some, all) = (count(did.events_delivered), count(did.events.received));
    format!("{}: {why}{retries}, delivered {some} of {all}", visible(name))
}

fn started(said: &Started) -> String {
    let version = said.version.as_deref().map(|version| format!(" {}", visible(version))).unwrap_or_default();
    let memory = said.memory_mb.map(|memory| format!(", {memory} MB")).unwrap_or_default();
    let names: Vec<String> = said.destinations.iter().map(visible).collect();
    let names = if names.is_empty() { String::new() } else { format!(", for {}", names.join(", ")) };
    let number = numbered(said.function_version.as_deref()).map(|number| format!(", {number}"));
    format!("started{version}{memory}{names}{}", number.unwrap_or_default())
}

fn canary(said: &Canary) -> String {
    let to = if said.outcome == "delivered" { "to" } else { "at" };
    let to = said.destination.as_deref().map(|name| format!(" {to} {}", visible(name))).unwrap_or_default();
    let receipt = said.receipt_ms.map(|time| format!(" ({time:.0} ms)")).unwrap_or_default();
    let lag =
        said.lag_ms.map(|lag| format!("; {} after it came into the stream", span(lag))).unwrap_or_default();
    let why = said.failure.as_deref().map(|kind| format!(": {}", because(kind, said.detail.as_deref())));
    let (id, outcome) = (visible(&said.id), visible(&said.outcome));
    format!("canary {id}: {outcome}{to}{receipt}{}{lag}", why.unwrap_or_default())
}

fn note(said: &Note) -> String {
    if let (Some(failure), Some(destination)) = (said.failure(), said.destination()) {
        return format!("{}: {}", visible(destination), because(failure, said.detail()));
    }
    let destination = said.destination().map(|name| format!("{}: ", visible(name))).unwrap_or_default();
    let why = said.detail().map(|why| format!(": {}", reason(why))).unwrap_or_default();
    let known = ["destination", "detail", "why"];
    let mut more: Vec<String> = said
        .fields
        .iter()
        .filter(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| match value {
            Value::Array(all) if all.len() > 3 => {
                format!("{} {}", all.len(), visible(name.replace('_', " ")))
            }
            Value::String(text) => format!("{}={}", visible(name), reason(text)),
            value => format!("{}={}", visible(name), reason(&value.to_string())),
        })
        .collect();
    // The order of fields in JSON depends on the features that other crates of the build ask for.
    more.sort();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    format!("{destination}{}{why}{more}", reason(&said.message))
}

fn because(kind: &str, detail: Option<&str>) -> String {
    let detail = detail.filter(|detail| !detail.is_empty());
    let detail = detail.map(|detail| format!(": {}", reason(detail))).unwrap_or_default();
    format!("{}{detail}", visible(kind))
}

/// A text from the log on one line, not too long.
fn reason(text: &str) -> String {
    let mut shown: String = text.trim().chars().take(REASON).collect();
    if text.trim().chars().nth(REASON).is_some() {
        shown.push('…');
    }
    visible(shown.replace(['\n', '\t'], " "))
}

/// The version of the Lambda function, where it is a number.
fn numbered(version: Option<&str>) -> Option<String> {
    let version = version.filter(|version| version.chars().all(|c| c.is_ascii_digit()))?;
    Some(format!("version {version}"))
}

/// A number; `?` where it is not known.
#[expect(clippy::cast_precision_loss, reason = "counts of one invocation are exact in 53 bits")]
fn count(number: Option<u64>) -> String {
    number.map_or_else(|| "?".to_owned(), |number| quantity::count(number as f64))
}

/// A time span in milliseconds, in words.
fn span(milliseconds: f64) -> String {
    quantity::span(milliseconds / 1000.0)
}

/// A time in milliseconds since 1970, in UTC. What is before 1970 or after 9999 is the nearest time that shows.
fn rfc3339(at: i64) -> String {
    const LAST: u64 = 253_402_300_799_999;
    let at = u64::try_from(at).unwrap_or_default().min(LAST);
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(at)).to_string()
}
