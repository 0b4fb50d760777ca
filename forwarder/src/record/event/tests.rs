use proptest::prelude::*;

use super::*;
use crate::record::aggregate;

fn read(json: &str) -> Invocation {
    serde_json::from_str(json).unwrap()
}

fn data(invocation: &Invocation, at: usize) -> Result<Vec<u8>, NoData> {
    let data = invocation.data(at).map(<[u8]>::to_vec);
    if let Ok(data) = &data {
        assert_eq!(invocation.raw(at), data);
    }
    data
}

#[test]
fn the_record_of_the_article_is_read() {
    let invocation = read(include_str!("../../../../fixtures/kinesis-event.json"));
    assert_eq!(invocation.len(), 1);
    assert_eq!(invocation.sequence(0), Some("49565835572342545914261768977064411601767982706848694274"));
    assert_eq!(invocation.shard(0), Some("shardId-000000000000"));
    assert_eq!(invocation.arrived(0), Some(1_474_108_130.452));
    assert_eq!(data(&invocation, 0).unwrap()[..3], [0x1f, 0x8b, 8]);
}

#[test]
fn any_json_is_an_invocation() {
    for json in [
        "null",
        "1",
        "-1",
        "1.5",
        "true",
        "\"x\"",
        "[]",
        "[{}]",
        "{}",
        r#"{"Records":null}"#,
        r#"{"Records":{}}"#,
    ] {
        let invocation = read(json);
        assert!(invocation.is_empty() && invocation.foreign() == Some(&Foreign::Unknown), "{json}");
    }
    assert_eq!(read(r#"{"Records":[]}"#).foreign(), None);
}

#[test]
fn an_event_of_another_source_says_which() {
    let source = |name: &str| Foreign::Source(name.to_owned());
    for (json, foreign) in [
        (r#"{"Records":[{"messageId":"1","body":"b","eventSource":"aws:sqs"}]}"#, source("aws:sqs")),
        (r#"{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"m"}}]}"#, source("aws:sns")),
        (r#"{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"k"}}}]}"#, source("aws:s3")),
        (
            r#"{"Records":[{"eventID":"1","eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"1"}}]}"#,
            source("aws:dynamodb"),
        ),
        // Never mixed by AWS. The message would be deleted from its queue if the Kinesis record decided.
        (
            r#"{"Records":[{"kinesis":{"data":"aGk="}},{"body":"b","eventSource":"aws:sqs"}]}"#,
            source("aws:sqs"),
        ),
        (r#"{"Records":[{"kinesis":{},"eventSource":"aws:sqs"}]}"#, source("aws:sqs")),
        (r#"{"Records":[{"eventSource":"a b\n"}]}"#, source("an unknown event source")),
        (
            r#"{"invocationId":"1","deliveryStreamArn":"arn","records":[{"data":"aGk="}]}"#,
            source("aws:firehose"),
        ),
        (r#"{"eventSource":"aws:kafka","records":{"t-0":[{"value":"aGk="}]}}"#, source("aws:kafka")),
        (r#"{"detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#, source("aws.events")),
        (r#"{"requestContext":{},"rawPath":"/"}"#, Foreign::Unknown),
        (r#"{"Records":[null,{},7,{"body":"b"},{"data":"aGk="}]}"#, Foreign::NoKinesisRecord),
        (r#"{"Records":[{"kinesis":{"data":"aGk="}}],"awslogs":{"data":"aGk="}}"#, Foreign::Both),
    ] {
        assert_eq!(read(json).foreign(), Some(&foreign), "{json}");
        assert_agrees(json);
        assert_agrees(&json.replace(':', ": "));
    }
    // What is known to be of Kinesis stays in the list, however odd it is: it must not hold up its shard.
    for json in [
        r#"{"Records":[{"kinesis":{"data":"aGk="},"eventSource":"aws:sqs"}]}"#,
        r#"{"Records":[{"kinesis":{"data":"aGk="}},null,{}]}"#,
        r#"{"Records":[{"kinesis":{}}]}"#,
        r#"{"Records":[{"kinesis":null}]}"#,
        r#"{"Records":[{"eventSource":"aws:kinesis"}]}"#,
        r#"{"Records":[{"eventSource":7,"kinesis":{"data":7}}]}"#,
    ] {
        assert_eq!(read(json).foreign(), None, "{json}");
        assert_agrees(json);
    }
}

#[test]
fn a_direct_subscription_is_one_record_without_a_sequence_number() {
    let invocation = read(include_str!("../../../../fixtures/awslogs-event.json"));
    assert!(invocation.is_direct() && invocation.foreign().is_none());
    assert_eq!((invocation.len(), invocation.sequence(0), invocation.shard(0)), (1, None, Some("awslogs")));
    assert_eq!(data(&invocation, 0).unwrap()[..3], [0x1f, 0x8b, 8]);
    assert_eq!(invocation.event_id(0).unwrap().len(), "awslogs:".len() + 64);
    for (json, expected) in [
        (r#"{"awslogs":{"data":"aGk=","sequenceNumber":"1","eventID":"2"}}"#, Ok(b"hi".to_vec())),
        (r#"{"awslogs":{"data":"%"}}"#, Err(NoData::NotBase64)),
        (r#"{"awslogs":{}}"#, Err(NoData::Missing)),
        (r#"{"awslogs":null}"#, Err(NoData::Missing)),
        (r#"{"more":1,"awslogs":"x"}"#, Err(NoData::Missing)),
    ] {
        let invocation = read(json);
        assert!(invocation.is_direct() && invocation.foreign().is_none(), "{json}");
        assert_eq!((invocation.len(), invocation.sequence(0)), (1, None), "{json}");
        assert_eq!(data(&invocation, 0), expected, "{json}");
        assert_agrees(json);
    }
}

#[test]
fn an_odd_record_stays_in_its_place() {
    let invocation = read(
        r#"{"Records":[null,7,"x",[1],{},{"kinesis":[]},{"kinesis":{"sequenceNumber":1,"data":{"a":[]}}},
           {"kinesis":{"sequenceNumber":"","data":"%%%"}},
           {"kinesis":{"sequenceNumber":"9","data":"aGk","approximateArrivalTimestamp":-1},"eventID":false},
           {"eventID":"s:10","kinesis":{"data":"aG\u006b=","sequenceNumber":"10","approximateArrivalTimestamp":5}}]}"#,
    );
    assert_eq!(invocation.len(), 10);
    for at in 0..7 {
        assert_eq!((data(&invocation, at), invocation.sequence(at)), (Err(NoData::Missing), None), "{at}");
    }
    assert_eq!((data(&invocation, 7), invocation.sequence(7)), (Err(NoData::NotBase64), None));
    assert_eq!(
        (data(&invocation, 8), invocation.sequence(8), invocation.shard(8)),
        (Ok(b"hi".to_vec()), Some("9"), None)
    );
    assert_eq!(
        (data(&invocation, 9), invocation.shard(9), invocation.arrived(9)),
        (Ok(b"hi".to_vec()), Some("s"), Some(5.0))
    );
    assert_eq!(data(&invocation, 10), Err(NoData::Missing));
}

#[test]
fn sequence_numbers_are_ordered_as_numbers() {
    assert_eq!(compare_sequences("9", "10"), Ordering::Less);
    assert_eq!(
        compare_sequences("49565835572342545914261768977064411601767982706848694274", "5"),
        Ordering::Greater
    );
    assert_eq!(compare_sequences("007", "7"), Ordering::Equal);
}

/// An event of one record, as Lambda writes it.
fn event(data: &str, arrived: &str) -> String {
    format!(
        r#"{{"Records":[{{"kinesis":{{"partitionKey":"p","sequenceNumber":"495","data":"{data}","approximateArrivalTimestamp":{arrived}}},"eventID":"shardId-0:495"}}]}}"#
    )
}

/// All that an invocation says of its records.
type Said = Vec<(Option<String>, Option<String>, Result<Vec<u8>, NoData>, Option<f64>)>;

fn said(invocation: &Invocation) -> (Said, Option<&str>, usize, (bool, Option<&Foreign>)) {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let record = |at| {
        let identity = (text(invocation.sequence(at)), text(invocation.event_id(at)));
        (identity.0, identity.1, data(invocation, at), invocation.arrived(at))
    };
    let records = (0..invocation.len()).map(record).collect();
    (records, invocation.source(), invocation.data_len(), (invocation.is_direct(), invocation.foreign()))
}

fn assert_agrees(json: &str) {
    let quick = Invocation::from_json(json.as_bytes().to_vec());
    let by_serde = serde_json::from_str::<Invocation>(json);
    match (quick, by_serde) {
        (Ok(ours), Ok(theirs)) => assert_eq!(said(&ours), said(&theirs), "{json}"),
        (ours, theirs) => assert_eq!(ours.is_ok(), theirs.is_ok(), "{json}"),
    }
}

/// Several records, with their source in several places or without.
fn several() -> String {
    let record = |at: u8, head: &str, tail: &str| {
        format!(
            r#"{{"kinesis":{{"sequenceNumber":"{at}","data":"aGVsbG8=","approximateArrivalTimestamp":1474108130.452}},{head}"eventID":"shardId-0:{at}"{tail}}}"#
        )
    };
    let tail = r#","eventName":"aws:kinesis:record","eventSourceARN":"arn:aws:kinesis:r:1:stream/s""#;
    let records = [
        record(1, "", r#","n":1"#),
        record(2, "", r#","n":1"#),
        record(3, "", tail),
        record(4, "", tail),
        record(5, "", &tail.replace("/s", "/t")),
        record(6, r#""eventSourceARN":"arn","#, ""),
        record(7, "", tail),
        record(8, "", ""),
    ];
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

#[test]
fn the_source_is_read_wherever_it_stands() {
    let json = several();
    let mut sources = Vec::new();
    let source = |range: Option<Range<usize>>| range.map(|range| json[range].to_owned());
    compact::records(json.as_bytes(), |found| sources.push(source(found.source))).unwrap();
    let s = Some("arn:aws:kinesis:r:1:stream/s");
    let t = Some("arn:aws:kinesis:r:1:stream/t");
    let expected = [None, None, s, s, t, Some("arn"), s, None];
    assert_eq!(sources.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    assert_agrees(&json);
    // With the source twice, the `eventID` twice, and `kinesis` twice.
    for (from, to) in [
        (r#""eventID":"shardId-0:4""#, r#""eventSourceARN":"arn","eventID":"shardId-0:4""#),
        (r#""eventID":"shardId-0:8""#, r#""eventID":"shardId-0:8","eventID":"9""#),
        (r#","n":1"#, r#","kinesis":{"data":"aGk="}"#),
    ] {
        let changed = json.replace(from, to);
        assert_ne!(changed, json);
        assert_agrees(&changed);
    }
}

#[test]
fn aggregated_data_is_read_alike() {
    for more in [&b""[..], b"x", b"xy", b"xyz"] {
        let aggregated = [&aggregate::MAGIC[..], more].concat();
        let json = event(&BASE64.encode(&aggregated), "5");
        let invocation = Invocation::from_json(json.clone().into_bytes()).unwrap();
        assert_eq!(invocation.data(0), Ok(&aggregated[..]));
        assert_agrees(&json);
    }
}

#[test]
fn an_event_is_read_alike_in_any_form() {
    let json = event("aGVsbG8=", "1474108130.452");
    let invocation = Invocation::from_json(json.clone().into_bytes()).unwrap();
    assert_eq!((data(&invocation, 0), invocation.data_len()), (Ok(b"hello".to_vec()), 5));
    for json in [include_str!("../../../../fixtures/kinesis-event.json"), &json, "no json", "", "{}", "null"]
    {
        assert_agrees(json);
    }
}

proptest! {
    #[test]
    fn a_changed_event_is_read_alike(at in 0..2_000_usize, byte in prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b',')], cut in any::<bool>()) {
        let mut json = several().into_bytes();
        let at = at % json.len();
        if cut {
            json.remove(at);
        } else {
            json[at] = byte;
        }
        if let Ok(json) = std::str::from_utf8(&json) {
            assert_agrees(json);
        }
    }

    #[test]
    fn base64_is_judged_as_by_the_general_decoder(data in "[A-Za-z0-9+/]{0,70}={0,3}", broken in "[A-Z=%]{0,9}") {
        for data in [&data, &broken, &format!("{data}{broken}")] {
            assert_agrees(&event(data, "5"));
        }
    }

    #[test]
    fn times_are_read_as_by_serde_json(whole in 0..99_999_999_999_u64, fraction in "[0-9]{0,9}", sign in "-?") {
        let dot = if fraction.is_empty() { "" } else { "." };
        assert_agrees(&event("", &format!("{sign}{whole}{dot}{fraction}")));
    }
}
