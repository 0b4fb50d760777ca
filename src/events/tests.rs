//! Saved events in every form.

use std::io::{Read, Write};

use cwl2le_forwarder::record::payload::parse;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Hints, Input, Origin, Record, SavedEvent, invocation};
use crate::error::{Code, Error};

const AWSLOGS: &str = "/app/shop s1 (1700000000001):direct";
const ON_FAILURE: &str = "/app/shop s1 (1700000000001):order 17 paid";
const GET_RECORDS: &str = ON_FAILURE;
const POWERSHELL: &str = "/g s1 (1700000000001):saved on Windows é";
const KINESIS: &str = include_str!("../../fixtures/kinesis-event.json");

fn hints() -> Hints {
    Hints { log_group: Some("/g".to_owned()), log_stream: "s".to_owned() }
}

fn read(input: &[u8], hints: Hints) -> Result<Vec<Record>, Error> {
    let mut input = Input::new(std::io::Cursor::new(input.to_vec()), hints)?;
    let mut records = Vec::new();
    while let Some(record) = input.next()? {
        records.push(record);
    }
    Ok(records)
}

/// What a record says: group, stream, and each event's time and message.
fn said(record: &Record) -> String {
    let mut json = Vec::new();
    record.payload(&mut json).expect("a payload");
    let payload = parse(&json).expect("CloudWatch Logs");
    let events = payload.events.iter().map(|event| format!(" {:?}:{}", event.timestamp, event.message));
    format!("{} {}{}", payload.log_group, payload.log_stream, events.collect::<String>()).replace("Some", "")
}

fn all(input: &str) -> Vec<String> {
    read(input.as_bytes(), hints()).expect("read").iter().map(said).collect()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).expect("written");
    encoder.finish().expect("gzip")
}

#[test]
fn every_form_is_told_by_itself() {
    let payload = json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/p", "logStream": "x",
        "subscriptionFilters": ["f"], "logEvents": [{"id": "1", "timestamp": 5, "message": "m"}]});
    let event = |stream: &str, message: &str| json!({"logStreamName": stream, "timestamp": 7, "message": message, "ingestionTime": 9, "eventId": "1"});
    let filtered =
        json!({"events": [event("a", "1"), event("a", "2"), event("b", "3")], "searchedLogStreams": []});
    let got =
        json!({"events": [{"timestamp": 8, "message": "n", "ingestionTime": 9}], "nextForwardToken": "f/1"});
    let export = "2016-09-17T10:28:49.663Z one\n\tat two\n2016-09-17T10:28:50.000Z three";
    for (input, wanted) in [
        (payload.to_string(), vec!["/p x (5):m"]),
        (format!("{payload}\n{payload}\n"), vec!["/p x (5):m", "/p x (5):m"]),
        (format!("\u{feff} [{payload}, {payload:#}]"), vec!["/p x (5):m", "/p x (5):m"]),
        (format!("{filtered:#}"), vec!["/g a (7):1 (7):2", "/g b (7):3"]),
        (filtered["events"].to_string(), vec!["/g a (7):1 (7):2", "/g b (7):3"]),
        (got.to_string(), vec!["/g s (8):n"]),
        (event("a", "1").to_string(), vec!["/g a (7):1"]),
        (export.to_owned(), vec!["/g s (1474108129663):one\\n\\tat two\\n (1474108130000):three"]),
        (String::new(), vec![]),
        (" \n".to_owned(), vec![]),
    ] {
        assert_eq!(all(&input), wanted, "{input}");
        let zipped = read(&gzip(input.as_bytes()), hints()).expect("read");
        assert_eq!(zipped.iter().map(said).collect::<Vec<_>>(), wanted, "gzip of {input}");
    }
    let records = read(KINESIS.as_bytes(), Hints::default()).expect("read");
    assert_eq!(records.len(), 1);
    assert!(said(&records[0]).contains("{ nonfield: null }"), "{}", said(&records[0]));
}

/// Files as AWS and shells write them.
#[test]
fn every_saved_file_is_read_plain_zipped_and_several_in_a_row() {
    for (file, wanted) in [
        (&include_bytes!("../../fixtures/inputs/awslogs.json")[..], AWSLOGS),
        (include_bytes!("../../fixtures/inputs/on-failure-object.json"), ON_FAILURE),
        (include_bytes!("../../fixtures/inputs/get-records.json"), GET_RECORDS),
        (include_bytes!("../../fixtures/inputs/filter-log-events-utf16.json"), POWERSHELL),
    ] {
        let said =
            |bytes: &[u8]| -> Vec<String> { read(bytes, hints()).expect("read").iter().map(said).collect() };
        assert_eq!(said(file), [wanted]);
        assert_eq!(said(&gzip(file)), [wanted]);
        // Members of gzip in a row are one file, and so are documents.
        if !file.starts_with(b"\xff\xfe") {
            assert_eq!(said(&[gzip(file), gzip(file)].concat()), [wanted, wanted]);
            assert_eq!(said(&[file, file].concat()), [wanted, wanted]);
            let list = [&b"["[..], file, b",", file, b"]"].concat();
            assert_eq!(said(&list), [wanted, wanted]);
        }
    }
}

#[test]
fn what_wraps_an_event_is_taken_off() {
    let awslogs: Value =
        serde_json::from_str(include_str!("../../fixtures/inputs/awslogs.json")).expect("JSON");
    let records: Value =
        serde_json::from_str(include_str!("../../fixtures/inputs/get-records.json")).expect("JSON");
    for (input, wanted) in [
        // A function that a subscription invokes itself is invoked asynchronously.
        (json!({"version": "1.0", "requestPayload": awslogs, "responsePayload": null}), AWSLOGS),
        (json!({"KinesisBatchInfo": {"batchSize": 1}, "payload": awslogs}), AWSLOGS),
        (json!({"KinesisBatchInfo": {"batchSize": 1}, "payload": awslogs.to_string()}), AWSLOGS),
        // What `--query Records` leaves, and one of them.
        (records["Records"].clone(), GET_RECORDS),
        (records["Records"][0].clone(), GET_RECORDS),
    ] {
        assert_eq!(all(&input.to_string()), [wanted], "{input}");
    }
    let nothing = json!([{"Records": []}, {"awslogs": {}}, {"awslogs": {"data": "%"}}, {"Data": "%"}]);
    let poison = read(nothing.to_string().as_bytes(), hints()).expect("read");
    assert_eq!(poison, [Record::NoData, Record::NotBase64, Record::NotBase64]);
}

/// SQS and SNS get no records, only where they were.
#[test]
fn an_invocation_record_without_records_says_where_they_are() {
    let mut record: Value =
        serde_json::from_str(include_str!("../../fixtures/inputs/on-failure-object.json")).expect("JSON");
    record.as_object_mut().expect("an object").remove("payload");
    for input in [
        record.clone(),
        json!({"Messages": [{"MessageId": "1", "Body": record.to_string()}]}),
        json!({"Type": "Notification", "Message": record.to_string()}),
        json!({"Messages": [{"Body": json!({"Type": "Notification", "Message": record.to_string()}).to_string()}]}),
    ] {
        let error = read(input.to_string().as_bytes(), hints()).expect_err("no records");
        assert_eq!(error.code, Code::Usage);
        let first = "49590338271490256608559692538361571095921575989136588898";
        assert!(error.message.contains(first) && error.message.contains("shardId-000000000000"), "{error}");
        let hint = error.hint.expect("a hint");
        assert!(
            hint.contains("stream/cloudwatch-logs-stream") && hint.contains("AT_SEQUENCE_NUMBER"),
            "{hint}"
        );
    }
}

/// The same bytes again and again.
struct Endless(&'static [u8], usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.iter_mut().zip(self.0.iter().cycle().skip(self.1)).for_each(|(to, from)| *to = *from);
        self.1 = (self.1 + buffer.len()) % self.0.len();
        Ok(buffer.len())
    }
}

/// See `tests/it/forward/input.rs` for a JSON document without an end, and for the memory they take.
#[test]
fn a_message_of_an_export_without_an_end_is_refused() {
    const LINE: &[u8] = &{
        let mut line = [b'A'; 1000];
        line[999] = b'\n';
        line
    };
    for (start, rest, says) in [
        ("2016-09-17T10:28:49.663Z one\n", &LINE[..999], "more than 16 MiB"),
        ("2016-09-17T10:28:49.663Z one\n", LINE, "more than 16 MiB"),
    ] {
        let mut input = Input::new(start.as_bytes().chain(Endless(rest, 0)), hints()).expect("an input");
        let error = input.next().expect_err("it has no end");
        assert!(error.message.contains(says), "{error}");
        assert!(error.hint.is_some(), "{error:?}");
    }
}

#[test]
fn poison_of_an_invocation_stays_poison() {
    let event = json!({"Records": [{"kinesis": {"sequenceNumber": "1", "data": "%"}}, {"kinesis": {}}, {"kinesis": {"data": "AAAA"}}]});
    let records = read(event.to_string().as_bytes(), Hints::default()).expect("read");
    assert_eq!(records, [Record::NotBase64, Record::NoData, Record::Data(vec![0, 0, 0])]);
    let invocation = invocation(&records, 5).expect("an invocation");
    assert_eq!(Record::all_of(&invocation), records);
    assert_eq!(invocation.sequence(0).map(|number| number.trim_start_matches('0')), Some("6"));
}

#[test]
fn what_is_in_no_form_is_refused_without_being_quoted() {
    for (input, says) in [
        ("secret words", "neither JSON nor an export"),
        ("[[[[[[[\"secret\"]]]]]]]", "nested too deeply"),
        ("{\"payload\": \"secret\"}", "document 1 of the input"),
        ("{\"events\": {\"secret\": 1}}", "document 1 of the input"),
        ("{\"secret\": 1}", "none of their keys"),
        ("{\"messageType\": secret", "document 1 of the input"),
        ("{\"events\": [{\"message\": {\"secret\": 1}}]}", "document 1 of the input"),
        ("2016-09-17 secret\n", "begins with a time"),
        ("[{\"messageType\": \"DATA_MESSAGE\"}, 7]", "document 1 of the input"),
    ] {
        let error = read(input.as_bytes(), hints()).expect_err(input);
        assert_eq!(error.code, Code::Usage);
        assert!(error.message.contains(says), "{error}");
        assert!(!error.message.contains("secret") && error.hint.is_some(), "{error:?}");
        if !input.starts_with('2') {
            let hint = error.hint.expect("a hint");
            for form in ["`Records`", "`awslogs`", "on-failure", "get-records", "filter-log-events", "export"]
            {
                assert!(hint.contains(form), "{hint}");
            }
        }
    }
    for input in ["{\"events\":[{\"message\":\"m\"}]}", "2016-09-17T10:28:49.663Z one\n"] {
        let error = read(input.as_bytes(), Hints::default()).expect_err(input);
        assert!(
            error.message.contains("which log group") && error.hint.expect("a hint").contains("--log-group")
        );
    }
    let truncated = &gzip(KINESIS.as_bytes())[..200];
    assert_eq!(read(truncated, hints()).expect_err("truncated").code, Code::Usage);
}

#[test]
fn listed_events_share_records_of_a_bounded_size() {
    let events: Vec<_> = (0..1200).map(|n| json!({"timestamp": n, "message": "m"})).collect();
    let records = read(json!({ "events": events }).to_string().as_bytes(), hints()).expect("read");
    assert_eq!(records.iter().map(Record::events).collect::<Vec<_>>(), [500, 500, 200]);
    let lines: String = (0..1200).map(|n| format!("2016-09-17T10:28:49.663Z {n}\n")).collect();
    let records = read(lines.as_bytes(), hints()).expect("read");
    assert_eq!(records.iter().map(Record::events).sum::<usize>(), 1200);
    // A message that is larger than a record, in many lines, does not end the input.
    let export = format!("2016-09-17T10:28:49.663Z one\n{}{lines}", "more\n".repeat(100_000));
    let records = read(export.as_bytes(), hints()).expect("read");
    assert_eq!(records.iter().map(Record::events).sum::<usize>(), 1201);
}

proptest! {
    /// Whatever is cut off the front, the rest is the same events.
    #[test]
    fn a_record_without_its_first_events_is_the_rest(messages in proptest::collection::vec(".{0,20}", 1..8), first in 0..10_usize) {
        let event = |message: &String| SavedEvent { id: "7".to_owned(), timestamp: Some(1), message: message.clone() };
        let events: Vec<_> = messages.iter().map(event).collect();
        let origin = Origin { log_group: "/g", ..Origin::default() };
        let cut = Record::of(origin, &events).without(first);
        let rest = &events[first.min(events.len())..];
        prop_assert_eq!(cut.events(), rest.len());
        prop_assert_eq!(said(&cut), said(&Record::of(origin, rest)));
    }

    /// No text makes the reader panic.
    #[test]
    fn any_input_is_read_or_refused(input in proptest::collection::vec(any::<u8>(), 0..60), text in "[\\[{\"]?[a-zR:,\\[\\]{}\"0-9TZ. -]{0,60}") {
        let _ = read(&input, hints());
        let _ = read(text.as_bytes(), hints());
    }
}
