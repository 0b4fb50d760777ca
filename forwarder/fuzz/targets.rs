//! What must hold for any bytes at all. Each function panics when it does not.
#![allow(dead_code, reason = "each target uses its own part")]

use std::io::Read;

use cwl2le_forwarder::config::{Config, Format};
use cwl2le_forwarder::line::{self, format};
use cwl2le_forwarder::record::aggregate;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::record::payload::{self, Cap, Payload};
use cwl2le_forwarder::shape::{Budget, Shape};
use flate2::Crc;
use flate2::read::DeflateDecoder;
use md5::{Digest, Md5};

const CAP: Cap = Cap { size: 1 << 20, ratio: 200, always: 1 << 16, events: 1 << 20, parts: 1 << 10 };

/// Any JSON is an invocation, and every record can be asked everything. By whichever reader it was read, it says the
/// same.
pub fn event(data: &[u8]) {
    let quick = Invocation::from_json(data.to_vec());
    let Ok(invocation) = serde_json::from_slice::<Invocation>(data) else {
        assert!(quick.is_err());
        // What no reader of JSON refuses, this one does not either; that holds for JSON that is UTF-8, flat
        // enough and without numbers that no f64 can hold.
        return;
    };
    let quick = quick.unwrap();
    let whole = |i: &Invocation| (i.len(), i.data_len(), i.is_direct(), i.foreign().cloned());
    assert_eq!(whole(&quick), whole(&invocation));
    // What is neither refused nor known to be empty has records.
    assert!(invocation.foreign().is_some() || !invocation.is_direct() || invocation.len() == 1);
    assert_eq!(quick.source(), invocation.source());
    for at in 0..=invocation.len() {
        assert_eq!(quick.data(at), invocation.data(at));
        assert_eq!(quick.raw(at), invocation.raw(at));
        assert_eq!(quick.event_id(at), invocation.event_id(at));
        assert_eq!(quick.sequence(at), invocation.sequence(at));
        assert_eq!(quick.arrived(at), invocation.arrived(at));
        assert!(invocation.sequence(at).is_none_or(|sequence| !sequence.is_empty()));
    }
}

/// A message with the checksum that it should have is taken apart within its bounds, or named as damaged; in
/// its order, without a byte twice.
pub fn aggregate(message: &[u8]) {
    let data = [&aggregate::MAGIC[..], message, &Md5::digest(message)[..]].concat();
    let Some(Ok(parts)) = aggregate::parts(&data) else { return };
    assert!((1..=aggregate::MOST_PARTS).contains(&parts.len()));
    let mut end = aggregate::MAGIC.len();
    for part in parts {
        assert!(end <= part.start && part.start <= part.end && part.end <= data.len() - 16);
        end = part.end;
    }
}

/// Data as gzip and as JSON: never more than the cap, what is not UTF-8 is replaced as the standard library does, what
/// is read can be written as lines, and the quick way gives what the general one does.
pub fn payload(data: &[u8]) {
    if let Some(Ok(payload)) = gunzipped(data).as_deref().map(payload::parse) {
        lines_of(&payload);
    }
    let mut repaired = data.to_vec();
    assert_eq!(payload::repair(&mut repaired, usize::MAX), Ok(()));
    assert_eq!(repaired, String::from_utf8_lossy(data).as_bytes());
    let parsed = payload::parse(data);
    if let Ok(json) = std::str::from_utf8(data) {
        assert_eq!(parsed, payload::parse_any(json, usize::MAX));
    }
    if let Ok(payload) = parsed {
        lines_of(&payload);
    }
}

/// Deflate data, or what is none, in a member that says the truth about it: the quick way gives what the general one
/// does.
pub fn member(data: &[u8]) {
    let mut text = Vec::new();
    // Of data that is damaged, what comes before the damage.
    let _ = DeflateDecoder::new(data).take(CAP.size as u64).read_to_end(&mut text);
    let mut sum = Crc::new();
    sum.update(&text);
    let (head, sum, size) = ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff], sum.sum(), text.len() as u32);
    let member = [&head[..], data, &sum.to_le_bytes(), &size.to_le_bytes()].concat();
    gunzipped(&member);
}

/// Decompresses in the quick way and in the general one, which have to agree.
fn gunzipped(data: &[u8]) -> Option<Vec<u8>> {
    let (mut buffer, mut in_pieces) = (Vec::new(), Vec::new());
    let verdict = payload::gunzip(data, CAP, &mut buffer);
    assert_eq!(verdict, payload::gunzip_in_pieces(data, CAP, &mut in_pieces));
    verdict.ok()?;
    assert!(buffer.len() <= CAP.size && buffer == in_pieces);
    Some(buffer)
}

fn lines_of(payload: &Payload<'_>) {
    for event in &payload.events {
        for (format, max_bytes) in [(Format::Message, 1024), (Format::Prefix, 65_536), (Format::Json, 65_536)]
        {
            let mut out = b"TOKEN ".to_vec();
            format::write(format, payload, event, &mut out);
            assert!(!out.contains(&b'\n'));
            line::end_line(&mut out, 0, 6, event.id, max_bytes);
            assert_eq!(out.last(), Some(&b'\n'));
            assert!(std::str::from_utf8(&out).is_ok());
            if format == Format::Json && out.iter().filter(|byte| **byte == b'\n').count() == 1 {
                serde_json::from_slice::<serde_json::Value>(&out[6..]).map(drop).unwrap_or_else(|error| {
                    // Nesting and numbers beyond what a reader takes are the sender's business.
                    assert!(
                        error.to_string().contains("recursion") || error.to_string().contains("out of range")
                    );
                });
            }
        }
    }
}

/// A line has no line end in it and is UTF-8, whatever the escapes.
pub fn line(data: &[u8]) {
    let Ok(escaped) = std::str::from_utf8(data) else { return };
    let mut out = Vec::new();
    line::write_message(escaped, &mut out);
    // A raw line end cannot stand in a JSON string; only such input is of interest.
    let json = format!("\"{escaped}\"");
    if let Ok(text) = serde_json::from_str::<String>(&json) {
        let joined = text.replace("\r\n", "\n").replace('\r', "\n");
        let expected = joined.strip_suffix('\n').unwrap_or(&joined).replace('\n', line::LINE_SEPARATOR);
        assert_eq!(out, expected.as_bytes());
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok() {
        assert!(std::str::from_utf8(&out).is_ok() && !out.contains(&b'\n') && !out.contains(&b'\r'));
    }
}

/// Any message can be shaped: it stays a JSON string, an object stays one, and no address is left.
pub fn shape(data: &[u8]) {
    let Ok(message) = std::str::from_utf8(data) else { return };
    let rules = r#"{"exclude":[{"rule":"lambda-platform"}],"sample":{"rate":0.9,"field":"a.id"},
        "redact":[{"find":["email","ipv4","ipv6","bearer","aws-key","card"]},{"pattern":"\"?secret\"?[:= ]+(\\w+)","as":"drop"}]}"#;
    static SHAPE: std::sync::OnceLock<Shape> = std::sync::OnceLock::new();
    let shape = SHAPE.get_or_init(|| Shape::compile(&serde_json::from_str(rules).unwrap(), None).unwrap());
    let text =
        serde_json::json!({"messageType": "DATA_MESSAGE", "logEvents": [{"message": message}]}).to_string();
    let payload = payload::parse(text.as_bytes()).unwrap();
    let _ = shape.filter(&payload).drops(&payload.events[0]);
    let clean = shape.redact(&payload.events[0], &Budget::default());
    let event = clean.event(&payload.events[0]);
    let clean: String = serde_json::from_str(&format!("\"{}\"", event.message)).unwrap();
    let is_object =
        |text: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).is_ok();
    assert!(!is_object(message) || is_object(&clean));
    assert!(!clean.contains("bob@example.com") && !clean.contains(" 4111111111111111 "));
}

/// What is accepted is written so that it is read back alike; what is refused has a reason.
pub fn config(data: &[u8]) {
    let Ok(json) = std::str::from_utf8(data) else { return };
    match Config::from_json(json) {
        Ok(config) => assert_eq!(Config::from_json(&config.to_json()).as_ref(), Ok(&config)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
