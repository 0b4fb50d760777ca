//! What a line says besides the message: nothing, a prefix, or a JSON envelope.
//!
//! Token TCP has no time of its own: the service stamps a line when it arrives. Prefix and envelope carry the
//! event's own time and where it comes from.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::value::RawValue;

use crate::line::{self, LINE_SEPARATOR};
use crate::record::json::strict;
use crate::record::json::text;
use crate::record::payload::{LogEvent, Payload};
use crate::style::Format;

/// Appends an event as one line without its end.
pub fn write(format: Format, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
    write_with(LINE_SEPARATOR, format, payload, event, out);
}

/// As [`write`], with another text in the place of a line end inside the message.
pub fn write_with(
    separator: &str,
    format: Format,
    payload: &Payload<'_>,
    event: &LogEvent<'_>,
    out: &mut Vec<u8>,
) {
    match format {
        Format::Message => line::write_on_one_line(event.message, separator, out),
        Format::Prefix => {
            let mut head =
                format!("{} {} {} ", time_or_dash(event.timestamp), payload.log_group, payload.log_stream);
            if let Some(account) = account(payload) {
                head.push_str(&format!("account={account} "));
            }
            for (name, value) in &payload.labels {
                head.push_str(&format!("{name}={value} "));
            }
            out.extend_from_slice(one_line(&head).as_bytes());
            line::write_on_one_line(event.message, separator, out);
        }
        Format::Json => write_json(payload, event, out),
    }
}

/// The account to show as the label `account`: that of a log group of another account, where the route gives no label of
/// this name.
pub(crate) fn account<'p>(payload: &'p Payload<'_>) -> Option<&'p str> {
    let is_given = || payload.labels.iter().any(|(name, _)| name == "account");
    (payload.is_of_other_account && !is_given()).then_some(&*payload.owner)
}

/// Names of groups and streams have no line ends on AWS, but a record may come from anywhere.
fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r']) {
        Cow::Owned(text.replace(['\n', '\r'], LINE_SEPARATOR))
    } else {
        text.into()
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC; `None` for a time before 1970 or after 9999.
fn time(timestamp: Option<i64>) -> Option<String> {
    // The last millisecond of the year 9999.
    const LAST: u64 = 253_402_300_799_999;
    let milliseconds = u64::try_from(timestamp?).ok().filter(|time| *time <= LAST)?;
    Some(humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(milliseconds)).to_string())
}

/// The same with `-` for a time that cannot be written: RFC 5424's value for none, and what a prefix has in its place.
pub(crate) fn time_or_dash(timestamp: Option<i64>) -> String {
    time(timestamp).unwrap_or_else(|| "-".to_owned())
}

fn write_json(payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(time) = time(event.timestamp) {
        member("time", &time, out);
    }
    for (name, value) in [
        ("id", event.id),
        ("owner", payload.owner.as_ref()),
        ("group", payload.log_group.as_ref()),
        ("stream", payload.log_stream.as_ref()),
    ] {
        member(name, value, out);
    }
    if !payload.labels.is_empty() {
        out.extend_from_slice(b"\"labels\":{");
        for (name, value) in &payload.labels {
            member(name, value, out);
        }
        // The comma of the last one.
        out.pop();
        out.extend_from_slice(b"},");
    }
    if let Some(fields) = event.extracted {
        out.extend_from_slice(b"\"fields\":");
        if strict::is_too_deep(fields) {
            out.extend_from_slice(b"{}");
        } else {
            raw_on_one_line(fields, out);
        }
        out.push(b',');
    }
    out.extend_from_slice(b"\"message\":");
    write_message(event.message, out);
    out.push(b'}');
}

fn member(name: &str, value: &str, out: &mut Vec<u8>) {
    // Text is written into memory: this cannot fail.
    let _ = serde_json::to_writer(&mut *out, name);
    out.push(b':');
    let _ = serde_json::to_writer(&mut *out, value);
    out.push(b',');
}

/// The message as a JSON object if it is one that strict readers accept, else as a JSON string with its line ends as
/// escapes.
fn write_message(escaped: &str, out: &mut Vec<u8>) {
    let text = text::unescape(escaped);
    let inside = text.trim();
    let is_object = inside.starts_with('{') && serde_json::from_str::<&RawValue>(inside).is_ok();
    if is_object && !strict::is_too_deep(inside) {
        raw_on_one_line(inside, out);
    } else {
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let _ = serde_json::to_writer(out, text.strip_suffix('\r').unwrap_or(text));
    }
}

/// Valid JSON has line ends between its tokens only, where a space means the same.
fn raw_on_one_line(json: &str, out: &mut Vec<u8>) {
    let json = strict::without_lone_surrogates(json);
    out.extend(json.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::payload::parse;

    fn written(format: Format, event: &str) -> String {
        let json = format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/g","logStream":"s [x]","logEvents":[{event}]}}"#
        );
        let payload = parse(json.as_bytes()).unwrap();
        let mut out = Vec::new();
        write(format, &payload, &payload.events[0], &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_prefix_says_when_and_where() {
        let event = r#"{"id":"7","timestamp":1474108129663,"message":"a\nb\n"}"#;
        assert_eq!(written(Format::Prefix, event), "2016-09-17T10:28:49.663Z /g s [x] a\u{2028}b");
        assert_eq!(written(Format::Prefix, r#"{"message":"m","timestamp":-1}"#), "- /g s [x] m");
        assert_eq!(written(Format::Message, event), "a\u{2028}b");
    }

    #[test]
    fn a_time_that_no_calendar_has_is_left_out_of_json() {
        for timestamp in [-1, i64::MIN, i64::MAX, 253_402_300_800_000] {
            let line =
                written(Format::Json, &format!(r#"{{"id":"7","timestamp":{timestamp},"message":"m"}}"#));
            assert!(line.starts_with(r#"{"id":"7","owner""#), "{line}");
        }
    }

    #[test]
    fn every_json_line_is_one_that_a_strict_reader_accepts() {
        let deep = |depth: usize| format!("{}1{}", r#"{\"a\":"#.repeat(depth), "}".repeat(depth));
        for (message, is_object) in [(deep(126), true), (deep(127), false), (deep(5000), false)] {
            let line = written(Format::Json, &format!(r#"{{"id":"7","message":"{message}"}}"#));
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(value["message"].is_object(), is_object);
        }
        let fields = r#"{"id":"\ud800","message":"m","extractedFields":{"\udfff":"x\ud800"}}"#;
        let value: serde_json::Value = serde_json::from_str(&written(Format::Json, fields)).unwrap();
        assert_eq!(value["fields"]["\u{fffd}"], "x\u{fffd}");
        let json = r#"{"messageType":"DATA_MESSAGE","logGroup":"/g\ud800","logStream":"\udfff","logEvents":[{"message":"m"}]}"#;
        let payload = parse(json.as_bytes()).unwrap();
        let mut out = Vec::new();
        write(Format::Json, &payload, &payload.events[0], &mut out);
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["group"], &value["stream"]), (&"/g\u{fffd}".into(), &"\u{fffd}".into()));
    }

    #[test]
    fn labels_stand_behind_the_stream() {
        let json = r#"{"messageType":"DATA_MESSAGE","logGroup":"/g","logStream":"s","logEvents":[{"id":"7","message":"m"}]}"#;
        let mut payload = parse(json.as_bytes()).unwrap();
        payload.labels =
            [("app", "cart"), ("team", "a \"b\"\nc")].map(|(name, value)| (name.into(), value.into())).into();
        let written = |format| {
            let mut out = Vec::new();
            write(format, &payload, &payload.events[0], &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Format::Prefix), "- /g s app=cart team=a \"b\"\u{2028}c m");
        assert_eq!(
            written(Format::Json),
            r#"{"id":"7","owner":"","group":"/g","stream":"s","labels":{"app":"cart","team":"a \"b\"\nc"},"message":"m"}"#
        );
    }

    #[test]
    fn the_account_of_another_account_s_log_group_is_a_label_unless_the_route_gives_one() {
        let json = r#"{"messageType":"DATA_MESSAGE","owner":"222222222222","logGroup":"/g","logStream":"s","logEvents":[{"id":"7","message":"m"}]}"#;
        let mut payload = parse(json.as_bytes()).unwrap();
        let written = |payload: &Payload<'_>| {
            let mut out = Vec::new();
            write(Format::Prefix, payload, &payload.events[0], &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(&payload), "- /g s m");
        payload.is_of_other_account = true;
        assert_eq!(written(&payload), "- /g s account=222222222222 m");
        payload.labels = vec![("account".to_owned(), "shop".to_owned())];
        assert_eq!(written(&payload), "- /g s account=shop m");
    }

    #[test]
    fn an_envelope_embeds_objects_and_quotes_text() {
        let head =
            r#"{"time":"2016-09-17T10:28:49.663Z","id":"7","owner":"1","group":"/g","stream":"s [x]","#;
        for (message, expected) in [
            (r#"{\"level\":30,\"msg\":\"a\\nb\"}\n"#, r#""message":{"level":30,"msg":"a\nb"}}"#),
            (r#"{\n  \"pretty\": 1\r\n}"#, r#""message":{   "pretty": 1  }}"#),
            (r#"{ nonfield: null }\n"#, r#""message":"{ nonfield: null }"}"#),
            (r#"two\nlines\r\n"#, r#""message":"two\nlines"}"#),
            (r#"lone \ud83d"#, "\"message\":\"lone \u{fffd}\"}"),
            // Half of a pair in what the application wrote as JSON.
            (r#"{\"\\ud83d\":\"\\uDE00 \\ud83d\\ude00\"}"#, r#""message":{"\ufffd":"\ufffd \ud83d\ude00"}}"#),
            (r#"[1]"#, r#""message":"[1]"}"#),
            ("", r#""message":""}"#),
        ] {
            let line = written(
                Format::Json,
                &format!(r#"{{"id":"7","timestamp":1474108129663,"message":"{message}"}}"#),
            );
            assert_eq!(line, format!("{head}{expected}"));
            serde_json::from_str::<serde_json::Value>(&line).unwrap();
            assert!(!line.contains('\n'));
        }
        let fields = written(
            Format::Json,
            r#"{"id":"7","message":"m","extractedFields":{"a":
            "1"}}"#,
        );
        assert!(fields.contains(r#""fields":{"a":             "1"},"message":"m"}"#), "{fields}");
    }
}
