//! Records that cannot be understood: each is named, none is lost for others, none blocks, none panics.

use std::io::Write as _;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::delivery::Counts;
use cwl2le_forwarder::delivery::fate::{Fate, Skip};
use cwl2le_forwarder::function::{metrics, notes};
use cwl2le_forwarder::record::payload::Cap;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::Transport;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::common::*;

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq)]
enum End {
    /// Quarantined under this name.
    Poison(&'static str),
    /// There is nothing to deliver.
    Skipped(Skip),
    /// Delivered as these lines.
    Lines(Vec<String>),
}

fn lines(lines: &[&str]) -> End {
    End::Lines(lines.iter().map(|line| (*line).to_owned()).collect())
}

/// The payload of a DATA_MESSAGE with these events, in JSON.
fn logs(events: &str) -> Vec<u8> {
    gzip(logs_json(events).as_bytes())
}

fn logs_json(events: &str) -> String {
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/app","logStream":"s","subscriptionFilters":["f"],"logEvents":{events}}}"#
    )
}

/// Every kind of odd data, with its end.
fn cases() -> Vec<(&'static str, Vec<u8>, End)> {
    use End::{Poison, Skipped};
    let good = logs(r#"[{"id":"1","timestamp":1,"message":"never seen"}]"#);
    let (first, second) =
        (r#"{"messageType":"DATA_MESSAGE","#, r#""logEvents":[{"message":"of two members"}]}"#);
    let squeezed = |size| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; size]).unwrap();
        encoder.finish().unwrap()
    };
    let mut wrong_sum = good.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 1;
    let mut half_aggregate = aggregate(std::slice::from_ref(&good));
    half_aggregate.truncate(60);
    vec![
        ("no bytes at all", vec![], Poison("not_gzip")),
        ("plain text", b"not gzip".to_vec(), Poison("not_gzip")),
        ("JSON that is not compressed", logs_json("[]").into_bytes(), Poison("not_gzip")),
        ("a gzip header and nothing else", good[..10].to_vec(), Poison("broken_gzip")),
        ("truncated gzip", good[..good.len() / 2].to_vec(), Poison("broken_gzip")),
        ("gzip without its last byte", good[..good.len() - 1].to_vec(), Poison("broken_gzip")),
        ("a wrong checksum", wrong_sum, Poison("broken_gzip")),
        ("trailing bytes", [&good[..], b"trailing"].concat(), Poison("broken_gzip")),
        (
            "several members",
            [gzip(first.as_bytes()), gzip(second.as_bytes())].concat(),
            lines(&["of two members"]),
        ),
        ("a bomb by ratio", squeezed(20 << 20), Poison("too_large")),
        ("a bomb by size", vec![squeezed(7 << 20); 6].concat(), Poison("too_large")),
        (
            "millions of empty events",
            logs(&format!("[{}]", vec![r#"{"message":""}"#; 2_200_000].join(","))),
            Poison("too_many_events"),
        ),
        ("not UTF-8", gzip(b"\xff\xfe"), Poison("not_utf8")),
        (
            "invalid UTF-8 in messages",
            gzip(&[logs_json("[{\"message\":\"a").as_bytes(), b"\xff"].concat()[..]),
            Poison("not_utf8"),
        ),
        ("not JSON", gzip(b"not json"), Poison("not_cloudwatch_logs")),
        ("half of JSON", gzip(&logs_json("[]").into_bytes()[..40]), Poison("not_cloudwatch_logs")),
        ("JSON twice", gzip(&logs_json("[]").repeat(2).into_bytes()), Poison("not_cloudwatch_logs")),
        ("a list", gzip(b"[]"), Poison("not_cloudwatch_logs")),
        ("null", gzip(b"null"), Poison("not_cloudwatch_logs")),
        ("no fields", gzip(b"{}"), Poison("unknown_message_type")),
        (
            "an unknown messageType",
            gzip(br#"{"messageType":"OTHER_MESSAGE"}"#),
            Poison("unknown_message_type"),
        ),
        ("logEvents of the wrong shape", logs(r#"{"message":"x"}"#), Poison("not_cloudwatch_logs")),
        ("an event without message", logs(r#"[{"id":"1","timestamp":1}]"#), Poison("not_cloudwatch_logs")),
        ("a message that is no text", logs(r#"[{"message":7}]"#), Poison("not_cloudwatch_logs")),
        (
            "deep nesting",
            logs(&format!(r#"[{{"message":"x","more":{}1{}}}]"#, "[".repeat(100_000), "]".repeat(100_000))),
            lines(&["x"]),
        ),
        (
            "no route",
            gzip(payload("/app", "f@nobody", &["x".into()]).to_string().as_bytes()),
            Poison("unrouted"),
        ),
        ("records packed together, damaged", half_aggregate, Poison("broken_aggregate")),
        ("no events", logs("[]"), Skipped(Skip::Empty)),
        ("a control message", gzip(control().to_string().as_bytes()), Skipped(Skip::Control)),
        (
            "the own log group",
            gzip(payload("/own", "f", &["loop".into()]).to_string().as_bytes()),
            Skipped(Skip::OwnLogGroup),
        ),
        (
            "only a message",
            gzip(br#"{"messageType":"DATA_MESSAGE","logEvents":[{"message":"m"}]}"#),
            lines(&["m"]),
        ),
        (
            "numbers as ids and times as text",
            logs(r#"[{"id":36854775807,"timestamp":"1","message":"numbered"}]"#),
            lines(&["numbered"]),
        ),
        ("an empty message", logs(r#"[{"message":""},{"message":"after it"}]"#), lines(&["", "after it"])),
        ("only line ends", logs(r#"[{"message":"\n\r\n\n"}]"#), lines(&["\u{2028}\u{2028}"])),
        ("NUL", logs(r#"[{"message":"a\u0000b"}]"#), lines(&["a\0b"])),
        (
            "half a surrogate pair",
            logs(r#"[{"message":"\ud83d and \ude00"}]"#),
            lines(&["\u{fffd} and \u{fffd}"]),
        ),
        ("U+2028 already inside", logs(r#"[{"message":"a\u2028b\nc"}]"#), lines(&["a\u{2028}b\u{2028}c"])),
        (
            "records packed together",
            aggregate(&[logs(r#"[{"message":"p1"}]"#), logs(r#"[{"message":"p2"}]"#)]),
            lines(&["p1", "p2"]),
        ),
    ]
}

fn end_of(fate: &Fate, wanted: &End) -> End {
    match fate {
        Fate::Quarantined(poison) => End::Poison(poison.name()),
        Fate::Skipped(skip) => End::Skipped(*skip),
        // What arrived is compared as a whole.
        Fate::Delivered => wanted.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn poison_harms_nobody_and_is_never_reported_as_failed() {
    let service = service(Transport::Plain);
    let (destination, _ca) = destination(&service, Transport::Plain);
    let own = Options { own_log_group: Some("/own".into()), cap: Cap::for_memory(128), ..options() };
    let mut forwarder = Forwarder::new(&Config::single(destination), own).unwrap();
    let mut wanted = Vec::new();
    let mut records = Vec::new();
    let mut expected = Vec::new();
    for (name, data, end) in cases() {
        // Each between neighbours.
        let neighbour = format!("before {name}");
        records.push(record(&sequence(records.len()), &logs(&json!([{"message": neighbour}]).to_string())));
        records.push(record(&sequence(records.len()), &data));
        expected.push(neighbour);
        expected.extend(if let End::Lines(lines) = &end { lines.clone() } else { Vec::new() });
        wanted.push((name, end));
    }
    // What is wrong around the data.
    let odd = |data: Value| {
        let mut odd = record(&sequence(900), b"");
        odd["kinesis"]["data"] = data;
        odd
    };
    records.extend([odd("***".into()), odd("AAA=A".into()), odd(Value::Null), json!({"no": "kinesis"})]);
    let around = ["not_base64", "not_base64", "no_data", "no_data"];

    let outcome = forwarder.handle(&invocation(records), deadline()).await;
    assert_eq!(outcome.response.unwrap(), Default::default());
    let fates: Vec<_> = outcome.account.fates().map(|(fate, _)| fate).collect();
    for (at, (name, end)) in wanted.iter().enumerate() {
        assert_eq!(*fates[2 * at], Fate::Delivered, "the neighbour of: {name}");
        assert_eq!(end_of(fates[2 * at + 1], end), *end, "{name}");
    }
    for (at, name) in around.iter().enumerate() {
        let fate = fates[2 * wanted.len() + at];
        assert!(matches!(fate, Fate::Quarantined(poison) if poison.name() == *name), "{fate:?}");
    }
    assert_eq!(outcome.account.unbalanced, 0);
    let arrived = service.wait_for_lines(expected.len(), PATIENCE).await.unwrap();
    assert_eq!(arrived.iter().map(|line| line.message()).collect::<Vec<_>>(), expected);
}

/// One byte that is not UTF-8 must not cost the megabyte around it.
#[tokio::test]
async fn invalid_utf8_is_delivered_with_replacements_and_counted() {
    for several in [false, true] {
        let service = service(Transport::Plain);
        let (destination, _ca) = destination(&service, Transport::Plain);
        let mut config = Config::single(destination.clone());
        if several {
            config.destinations.insert("other".into(), destination);
            config.default = Some("default".into());
        }
        let mut forwarder = Forwarder::new(&config, options()).unwrap();
        // A byte that never occurs in UTF-8, for each `~`.
        let broken = |text: &str| {
            let bytes = logs_json(text).into_bytes();
            gzip(&bytes.iter().map(|byte| if *byte == b'~' { 0xff } else { *byte }).collect::<Vec<_>>())
        };
        let packed = [broken(r#"[{"message":"~"}]"#), broken(r#"[{"message":"é~"}]"#)];
        let records = vec![
            record(&sequence(0), &broken(r#"[{"message":"fine"}]"#)),
            record(&sequence(1), &broken(r#"[{"message":"a~b"},{"message":"~~"},{"message":"fine, too"}]"#)),
            record(&sequence(2), &aggregate(&packed)),
            record(&sequence(3), &broken(r#"[{"message":"x"}~]"#)),
        ];
        let event = invocation(records);
        let outcome = forwarder.handle(&event, deadline()).await;
        assert_eq!(outcome.response.as_ref().unwrap(), &Default::default());
        let counts = Counts { received: 4, delivered: 3, quarantined: 1, ..Counts::default() };
        assert_eq!(outcome.account.records, counts);
        assert_eq!(outcome.account.unbalanced, 0);
        let names: Vec<_> = outcome.account.fates().map(|(fate, _)| poison_name(fate)).collect();
        assert_eq!(names[3], "not_utf8");
        let lines: Vec<_> =
            service.wait_for_lines(6, PATIENCE).await.unwrap().iter().map(|line| line.message()).collect();
        assert_eq!(lines, ["fine", "a\u{fffd}b", "\u{fffd}\u{fffd}", "fine, too", "\u{fffd}", "é\u{fffd}"]);
        assert_eq!(
            metrics::line(&metrics::Origin::default(), 0, &event, &outcome)["RecordsRepaired"],
            json!(2)
        );
        let notes = notes::notes(&event, &outcome);
        let note = notes.iter().find(|note| note.message.contains("U+FFFD")).unwrap();
        assert_eq!(note.fields["sequence_numbers"], json!([sequence(1), sequence(2)]));
    }
}

/// Two filters of one log group are two subscriptions: CloudWatch Logs sends what both match twice, and so does the
/// forwarder, each to where its filter leads.
#[tokio::test]
async fn two_filters_of_one_group_are_two_deliveries() {
    let (up, audit) = (service(Transport::Plain), service(Transport::Plain));
    let mut config = Config::single(destination(&up, Transport::Plain).0);
    config.destinations.insert("audit".into(), destination(&audit, Transport::Plain).0);
    config.default = Some("default".into());
    let mut forwarder = Forwarder::new(&config, options()).unwrap();
    let of = |filter: &str| gzip(payload("/app", filter, &["once".into()]).to_string().as_bytes());
    let filters = ["f", "f@audit", "g@default"];
    let event = invocation(filters.iter().enumerate().map(|(n, f)| record(&sequence(n), &of(f))).collect());
    let outcome = forwarder.handle(&event, deadline()).await;
    assert_eq!((outcome.account.events.delivered, outcome.account.unbalanced), (3, 0));
    assert_eq!(audit.wait_for_lines(1, PATIENCE).await.unwrap().len(), 1);
    assert_eq!(up.wait_for_lines(2, PATIENCE).await.unwrap().len(), 2);
}

/// A record may hold 10 MiB since 2025: data that does not compress, in lines of every length up to a megabyte.
#[tokio::test]
async fn a_record_of_ten_megabytes_is_delivered() {
    let service = service(Transport::Tls13);
    let (destination, _ca) = destination(&service, Transport::Tls13);
    let options = Options { cap: Cap::for_memory(128), ..options() };
    let mut forwarder = Forwarder::new(&Config::single(destination), options).unwrap();
    let mut rng = fastrand::Rng::with_seed(1);
    let mut text = |length: usize| (0..length).map(|_| rng.char('0'..='~')).collect::<String>();
    let sizes = (8..21).map(|size| 1 << size).chain([1_000_000; 10]);
    let messages: Vec<String> = sizes.map(&mut text).collect();
    let data = gzip(payload("/app", "f", &messages).to_string().as_bytes());
    assert!(data.len() > 9 << 20 && data.len() <= 10 << 20, "{} bytes", data.len());
    let outcome =
        forwarder.handle(&invocation(vec![record(&sequence(0), &data)]), deadline() + PATIENCE).await;
    assert_eq!(outcome.account.events.delivered as usize, messages.len());
    // Long ones are in parts; together they are the messages.
    let whole = |line: &str| match line.strip_prefix("part=") {
        Some(part) => part.splitn(3, ' ').nth(2).unwrap().to_owned(),
        None => line.to_owned(),
    };
    let arrived = loop {
        let lines = service.lines();
        let text: String = lines.iter().map(|line| whole(&line.message())).collect();
        if text.len() >= messages.concat().len() {
            break text;
        }
        let more = service.wait_for_lines(lines.len() + 1, PATIENCE).await;
        more.unwrap_or_else(|few| panic!("{few}"));
    };
    assert!(arrived == messages.concat());
}

#[tokio::test]
async fn ten_thousand_tiny_records_are_one_invocation() {
    let service = service(Transport::Plain);
    let mut forwarder = forwarder(&service, Transport::Plain);
    let tiny = |at: usize| logs(&format!(r#"[{{"message":"{at}"}}]"#));
    let alone: Vec<_> = (0..10_000).map(|at| record(&sequence(at), &tiny(at))).collect();
    let packed = record(&sequence(10_000), &aggregate(&(10_000..20_000).map(tiny).collect::<Vec<_>>()));
    for (records, first) in [(alone, 0), (vec![packed], 10_000)] {
        let outcome = forwarder.handle(&invocation(records), deadline() + PATIENCE).await;
        assert_eq!((outcome.account.events.delivered, outcome.account.records.failed), (10_000, 0));
        let lines = service.wait_for_lines(10_000, PATIENCE).await.unwrap();
        assert!((first..).zip(&lines).all(|(at, line)| line.message() == at.to_string()));
        service.clear();
    }
}

/// Each record inside goes its own way, and the Kinesis record ends in one count.
#[tokio::test]
async fn aggregated_records_are_taken_apart() {
    let (up, down) = (service(Transport::Plain), service(Transport::Plain));
    let ((first, _), (second, _)) =
        (destination(&up, Transport::Plain), destination(&down, Transport::Plain));
    let mut config = Config::single(first);
    config.destinations.insert("audit".into(), second);
    let mut forwarder = Forwarder::new(&config, options()).unwrap();
    let logs =
        |filter: &str, text: &str| gzip(payload("/app", filter, &[text.into()]).to_string().as_bytes());
    let mut broken = aggregate(&[logs("f", "never seen")]);
    broken.pop();
    let event = || {
        invocation(vec![
            record(&sequence(0), &aggregate(&[logs("f", "one"), logs("f@audit", "two"), logs("f", "three")])),
            record(&sequence(1), &aggregate(&[logs("f", "four"), b"poison".to_vec(), logs("f", "five")])),
            record(&sequence(2), &broken),
            record(&sequence(3), &aggregate(&[gzip(control().to_string().as_bytes())])),
            record(&sequence(4), &aggregate(&[aggregate(&[logs("f", "not taken apart twice")])])),
        ])
    };
    // Of the first record a part cannot be delivered, so the record has failed.
    down.stop_listening();
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcome.response.unwrap().batch_item_failures[0].item_identifier, sequence(0));
    let counts = Counts { received: 5, failed: 1, quarantined: 3, skipped: 1, ..Counts::default() };
    assert_eq!(outcome.account.records, counts);
    let names: Vec<_> = outcome.account.fates().map(|(fate, _)| poison_name(fate)).collect();
    assert_eq!(names, ["", "not_gzip", "broken_aggregate", "", "not_gzip"]);
    up.wait_for_lines(4, PATIENCE).await.unwrap();

    down.resume();
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcome.response.unwrap(), Default::default());
    assert_eq!((outcome.account.events.delivered, outcome.account.events.delivered_before), (5, 4));
    assert_eq!(outcome.account.unbalanced, 0);
    assert_eq!(down.wait_for_lines(1, PATIENCE).await.unwrap()[0].message(), "two");
    let lines: Vec<_> = up.lines().iter().map(|line| line.message()).collect();
    assert_eq!(lines, ["one", "three", "four", "five"], "and nothing twice");
}

fn poison_name(fate: &Fate) -> &'static str {
    if let Fate::Quarantined(poison) = fate { poison.name() } else { "" }
}
