use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::record::payload::parse;

/// A payload of three events, with a label of its route.
fn payload(json: &str) -> Payload<'_> {
    let mut payload = parse(json.as_bytes()).unwrap();
    payload.labels = vec![("service.name".to_owned(), "cart".to_owned())];
    payload
}

const LAMBDA_GROUP: &str = r#"{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/cart","logStream":"2026/01/31/[$LATEST]5f","logEvents":[
    {"id":"3685291717100000000000000000000000000000000000000000000001","timestamp":1474108129663,"message":"{\"level\":50,\"msg\":\"a\\nb\"}\n"},
    {"id":"3685291717100000000000000000000000000000000000000000000002","timestamp":1474108129664,"message":"2016-09-17T10:28:49.664Z\tid\tWARN\tzwei Äpfel\r\n"},
    {"message":""}]}"#;

/// The request for some of the events of some payloads.
fn request_of(lots: &[(&Payload<'_>, &[LogEvent<'_>])]) -> Vec<u8> {
    let lots: Vec<(Vec<u8>, Vec<u8>)> = lots
        .iter()
        .map(|(payload, events)| {
            let (mut before, mut records) = (Vec::new(), Vec::new());
            resource(payload, &Origin::default(), "eu-west-1", &mut before);
            events.iter().for_each(|event| record(event, &mut records));
            (before, records)
        })
        .collect();
    let mut out = Vec::new();
    request(lots.iter().map(|(before, records)| (before.as_slice(), records.as_slice())), &mut out);
    out
}

fn decoded(bytes: &[u8]) -> Vec<ResourceLogs> {
    ExportLogsServiceRequest::decode(bytes).unwrap().resource_logs
}

fn text(value: &Option<AnyValue>) -> String {
    match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::ArrayValue(list)) => {
            format!(
                "[{}]",
                list.values.iter().map(|value| text(&Some(value.clone()))).collect::<Vec<_>>().join(",")
            )
        }
        other => panic!("{other:?}"),
    }
}

fn attributes(of: &[KeyValue]) -> Vec<(&str, String)> {
    of.iter().map(|attribute| (attribute.key.as_str(), text(&attribute.value))).collect()
}

#[test]
fn the_official_definitions_read_what_was_written() {
    let payload = payload(LAMBDA_GROUP);
    let bytes = request_of(&[(&payload, &payload.events)]);
    insta::assert_binary_snapshot!("otlp.pb", bytes.clone());
    let [logs] = &decoded(&bytes)[..] else { panic!("one resource") };
    assert_eq!(
        attributes(&logs.resource.as_ref().unwrap().attributes),
        [
            ("cloud.provider", "aws".to_owned()),
            ("cloud.region", "eu-west-1".to_owned()),
            ("cloud.account.id", "123456789012".to_owned()),
            ("faas.name", "cart".to_owned()),
            ("service.name", "cart".to_owned()),
            ("aws.log.group.names", "[/aws/lambda/cart]".to_owned()),
            ("aws.log.stream.names", "[2026/01/31/[$LATEST]5f]".to_owned()),
        ]
    );
    let [scope] = &logs.scope_logs[..] else { panic!("one scope") };
    assert_eq!(scope.scope.as_ref().unwrap().name, "cwl2le");
    let records: Vec<_> = scope
        .log_records
        .iter()
        .map(|record| {
            (record.time_unix_nano, record.severity_number, record.severity_text.as_str(), text(&record.body))
        })
        .collect();
    assert_eq!(
        records,
        [
            (1_474_108_129_663_000_000, 17, "", r#"{"level":50,"msg":"a\nb"}"#.to_owned()),
            (
                1_474_108_129_664_000_000,
                13,
                "WARN",
                "2016-09-17T10:28:49.664Z\tid\tWARN\tzwei Äpfel".to_owned()
            ),
            (0, 0, "", String::new()),
        ]
    );
    let id = "3685291717100000000000000000000000000000000000000000000002";
    assert_eq!(attributes(&scope.log_records[1].attributes), [("log.record.uid", id.to_owned())]);
    assert_eq!(attributes(&scope.log_records[2].attributes), []);
}

/// The events of a log group of a central account.
const CENTRAL: &str = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/app/shop","logStream":"s1","logEvents":[
    {"id":"1","message":"a","extractedFields":{"@aws.account":"444455556666","@aws.region":"eu-central-1","user":"b\"c"}},
    {"id":"2","message":"d","extractedFields":{"@aws.account":"777788889999","log.record.uid":"x"}},
    {"id":"3","message":"e"}]}"#;

#[test]
fn events_of_a_central_account_name_the_account_that_they_come_from() {
    let payload = parse(CENTRAL.as_bytes()).unwrap();
    let lots: Vec<(Vec<u8>, Vec<u8>)> = payload
        .events
        .iter()
        .map(|event| {
            let (mut before, mut records) = (Vec::new(), Vec::new());
            resource(&payload, &Origin::of(event), "eu-west-1", &mut before);
            record(event, &mut records);
            (before, records)
        })
        .collect();
    let mut out = Vec::new();
    request(lots.iter().map(|(before, records)| (before.as_slice(), records.as_slice())), &mut out);
    let of = |logs: &ResourceLogs| {
        let resource = attributes(&logs.resource.as_ref().unwrap().attributes)[1..3].to_vec();
        let resource: Vec<String> = resource.into_iter().map(|(_, value)| value).collect();
        let record = attributes(&logs.scope_logs[0].log_records[0].attributes);
        (resource, record.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
    };
    let [first, second, third] = &decoded(&out)[..] else { panic!("three resources") };
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        of(first),
        (texts(&["eu-central-1", "444455556666"]), texts(&["log.record.uid=1", "user=b\"c"]))
    );
    assert_eq!(of(second), (texts(&["eu-west-1", "777788889999"]), texts(&["log.record.uid=2"])));
    assert_eq!(of(third), (texts(&["eu-west-1", "111122223333"]), texts(&["log.record.uid=3"])));
}

#[test]
fn a_time_beyond_the_range_of_nanoseconds_is_left_out() {
    for (timestamp, expected) in [(i64::MAX, 0), (-1, 0), (253_402_300_799_999, 0), (1, 1_000_000)] {
        let json = format!(
            r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"message":"m","timestamp":{timestamp}}}]}}"#
        );
        let payload = parse(json.as_bytes()).unwrap();
        let logs = decoded(&request_of(&[(&payload, &payload.events)]));
        let time = logs[0].scope_logs[0].log_records[0].time_unix_nano;
        assert_eq!(time, expected, "{timestamp}");
    }
}

#[test]
fn only_lambda_groups_name_a_function() {
    let json = r#"{"messageType":"DATA_MESSAGE","logGroup":"/ecs/cart","logStream":"s","logEvents":[{"message":"m"}]}"#;
    let payload = parse(json.as_bytes()).unwrap();
    let logs = decoded(&request_of(&[(&payload, &payload.events)]));
    let attributes = attributes(&logs[0].resource.as_ref().unwrap().attributes);
    let names: Vec<&str> = attributes.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["cloud.provider", "cloud.region", "aws.log.group.names", "aws.log.stream.names"]);
}

#[test]
fn answers_say_how_many_records_are_rejected_or_that_all_are() {
    let logs = Logs {
        url: Held::new(&Secret::Inline("https://h/".parse().unwrap()), &std::rc::Rc::default()).unwrap(),
        headers: Headers::new(&Configured::default(), &std::rc::Rc::default()).unwrap(),
        gzip: false,
        limits: Limits { body: 1, lot: 0, packing: Packing::Mixed, in_flight: 1 },
        region: String::new(),
    };
    let read = |body: &[u8]| {
        let (host, status, headers) = (String::new(), http::StatusCode::OK, http::HeaderMap::new());
        logs.read(&Answer { host, status, headers, body: Bytes::copy_from_slice(body), is_whole: true }, 3)
    };
    let not_a_number = Reading::No("with a number of rejected records that is none");
    for (body, expected) in [
        ("", Reading::Accepted),
        ("{}", Reading::Accepted),
        (r#"{"partialSuccess":{}}"#, Reading::Accepted),
        (r#"{"partialSuccess":null}"#, Reading::Accepted),
        (r#"{"partialSuccess":{"rejectedLogRecords":null}}"#, Reading::Accepted),
        (r#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, Reading::Accepted),
        (r#"{"partialSuccess":{"rejectedLogRecords":"2"}}"#, Reading::Refused(2)),
        ("\u{feff}{\"partialSuccess\":{\"rejectedLogRecords\":2}}", Reading::Refused(2)),
        (r#"{"partialSuccess":{"rejectedLogRecords":3.0}}"#, Reading::Refused(3)),
        (r#"{"partial_success":{"rejected_log_records":3}}"#, Reading::Refused(3)),
        (r#"{"partial_success":{"rejected_log_records":"3"}}"#, Reading::Refused(3)),
        (r#"{"partialSuccess":{"rejected_log_records":1}}"#, Reading::Refused(1)),
        (r#"{"partialSuccess":{"rejectedLogRecords":"some"}}"#, not_a_number),
        (r#"{"partialSuccess":{"rejectedLogRecords":-1}}"#, not_a_number),
        (r#"{"partialSuccess":{"rejectedLogRecords":0.5}}"#, not_a_number),
        (r#"{"code":0,"message":""}"#, Reading::Accepted),
        (r#"{"code":200,"message":"ok"}"#, Reading::Accepted),
        (r#"{"code":3,"message":"invalid"}"#, STATUS),
        (r#"{"code":"INVALID_ARGUMENT"}"#, STATUS),
        (r#"{"code":3,"partialSuccess":{}}"#, Reading::Accepted),
        // The same status as protocol buffers.
        ("\u{8}\u{3}\u{12}\u{7}invalid", STATUS),
        ("\u{8}\u{0}", Reading::Accepted),
    ] {
        assert_eq!(read(body.as_bytes()), expected, "{body}");
    }
}

proptest! {
    /// Batches are halved down to one event: every run of events makes a request with just these.
    #[test]
    fn any_run_of_events_makes_a_request(messages in prop::collection::vec(any::<String>(), 1..12), from in 0..12usize, count in 0..12usize) {
        let events: Vec<_> = messages.iter().map(|message| serde_json::json!({"id": "7", "message": message})).collect();
        let json = serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": "/g", "logEvents": events}).to_string();
        let first = parse(json.as_bytes()).unwrap();
        let second = payload(LAMBDA_GROUP);
        let from = from.min(messages.len());
        let to = (from + count).min(messages.len());
        let logs = decoded(&request_of(&[(&first, &first.events[from..to]), (&second, &second.events[..1])]));
        prop_assert_eq!(logs.len(), 2);
        let bodies: Vec<String> = logs[0].scope_logs[0].log_records.iter().map(|record| text(&record.body)).collect();
        let expected: Vec<&str> = messages[from..to].iter().map(|message| text::without_end(message)).collect();
        prop_assert_eq!(bodies, expected);
        prop_assert_eq!(logs[1].scope_logs[0].log_records.len(), 1);
    }
}
