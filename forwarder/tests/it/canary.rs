//! Canaries: delivered like any event, and named with their outcome at each destination.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::{Config, Destination, Names, Route};
use cwl2le_forwarder::delivery::canary::{MESSAGE, MOST, STREAM};
use cwl2le_forwarder::function::canaries;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Outcome};
use cwl2le_local::log_service::{Answer, LogService, Transport};
use serde_json::{Value, json};

use crate::common::sink::Sink;
use crate::common::*;

/// Half a second after the records of [`record`] arrive.
const NOW: u64 = 1_474_108_130_952;

fn canary(group: &str, filter: &str, n: usize, messages: &[&str]) -> Value {
    let messages: Vec<String> = messages.iter().map(|&message| message.to_owned()).collect();
    let mut payload = payload(group, filter, &messages);
    payload["logStream"] = json!(STREAM);
    record(&sequence(n), &gzip(payload.to_string().as_bytes()))
}

fn ordinary(n: usize) -> Value {
    record(&sequence(n), &gzip(payload("/app", "f", &[format!("event {n}")]).to_string().as_bytes()))
}

/// The fields of the notes, without the details.
fn notes(event: &Invocation, outcome: &Outcome) -> Vec<Value> {
    let notes = canaries::notes(NOW, event, outcome);
    assert!(notes.iter().all(|note| note.message == "canary"), "{notes:?}");
    notes.into_iter().map(|note| Value::Object(note.fields)).collect()
}

fn outcomes(event: &Invocation, outcome: &Outcome) -> Vec<String> {
    let text = |note: &Value, key: &str| note[key].as_str().unwrap_or("-").to_owned();
    notes(event, outcome)
        .iter()
        .map(|note| format!("{} {} {}", text(note, "id"), text(note, "destination"), text(note, "outcome")))
        .collect()
}

/// Two destinations; `/both` goes to both, everything else to `app`.
fn pair() -> (LogService, LogService, Forwarder) {
    let (app, audit) = (service(Transport::Plain), service(Transport::Plain));
    let of = |service| destination(service, Transport::Plain).0;
    let config = Config {
        destinations: BTreeMap::from([("app".to_owned(), of(&app)), ("audit".to_owned(), of(&audit))]),
        default: Some("app".to_owned()),
        routes: vec![Route {
            log_group: "/both".into(),
            destination: Names::Several(vec!["app".into(), "audit".into()]),
            shape: None,
        }],
        ..Config::default()
    };
    (app, audit, Forwarder::new(&config, options()).unwrap())
}

#[tokio::test]
async fn a_canary_is_delivered_and_named_for_each_destination() {
    let (app, audit, mut forwarder) = pair();
    let event =
        || invocation(vec![ordinary(0), canary("/both", "f", 1, &["cwl2le canary 7f3a91c4"]), ordinary(2)]);
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcomes(&event(), &outcome), ["7f3a91c4 app delivered", "7f3a91c4 audit delivered"]);
    for note in notes(&event(), &outcome) {
        assert_eq!(note["lag_ms"], json!(500));
        assert!(note["receipt_ms"].as_f64().unwrap() >= 0.0, "{note}");
    }
    let lines = app.wait_for_lines(3, PATIENCE).await.unwrap();
    assert_eq!(lines[1].message(), "cwl2le canary 7f3a91c4");
    audit.wait_for_lines(1, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_canary_that_failed_comes_again_and_is_named_where_it_was_not_yet_delivered() {
    let (_app, audit, mut forwarder) = pair();
    let event = || invocation(vec![canary("/both", "f", 1, &["cwl2le canary 7f3a91c4"])]);
    audit.stop_listening();
    for attempt in 0..2 {
        let outcome = forwarder.handle(&event(), deadline()).await;
        let mut wanted = vec!["7f3a91c4 app delivered", "7f3a91c4 audit failed"];
        if attempt > 0 {
            wanted.remove(0);
        }
        assert_eq!(outcomes(&event(), &outcome), wanted);
        let failed = notes(&event(), &outcome).pop().unwrap();
        assert_eq!(failed["failure"], json!("connect"));
        assert!(
            failed["detail"].as_str().is_some_and(|why| !why.is_empty())
                && failed.get("receipt_ms").is_none()
        );
    }
    audit.resume();
    let outcome = forwarder.handle(&event(), deadline()).await;
    assert_eq!(outcomes(&event(), &outcome), ["7f3a91c4 audit delivered"]);
    // Another process knows of nothing, sends it again, and says so.
    let (_app, _audit, mut other) = pair();
    let outcome = other.handle(&event(), deadline()).await;
    assert_eq!(outcomes(&event(), &outcome).len(), 2);
}

/// Every type of destination takes it and is named.
#[tokio::test]
async fn every_type_of_destination_takes_canaries() {
    for kind in Destination::TYPES {
        let sink = Sink::start(kind, Transport::Plain);
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        let event = invocation(vec![canary("/app", "f", 0, &["cwl2le canary 0123abcd"])]);
        let outcome = forwarder.handle(&event, deadline()).await;
        assert_eq!(outcomes(&event, &outcome), ["0123abcd default delivered"], "{kind}");
    }
}

#[tokio::test]
async fn a_canary_that_is_refused_filtered_or_without_route_is_named_as_such() {
    let sink = Sink::start("loggly", Transport::Plain);
    sink.service.answer_with(|request| {
        let bad = String::from_utf8_lossy(&request.body).contains("canary");
        if bad { Answer::status(400).body("no birds") } else { Answer::status(200) }
    });
    let mut config = Config::single(sink.config());
    let rules = r#"{"exclude":[{"message":"canary"}]}"#;
    config.routes.push(Route {
        log_group: "/dropped".to_owned(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    });
    let mut forwarder = Forwarder::new(&config, options()).unwrap();
    let event = invocation(vec![
        canary("/app", "f", 0, &["before", "cwl2le canary 00000000"]),
        ordinary(1),
        canary("/dropped", "f", 2, &["cwl2le canary 22222222", "kept"]),
        canary("/app", "f@nowhere", 3, &["cwl2le canary 33333333"]),
        ordinary(4),
    ]);
    let outcome = forwarder.handle(&event, deadline()).await;
    let wanted = ["00000000 default refused", "22222222 default filtered", "33333333 - quarantined"];
    assert_eq!(outcomes(&event, &outcome), wanted);
    let notes = notes(&event, &outcome);
    assert!(notes[0]["detail"].as_str().is_some_and(|why| why.contains("no birds")), "{}", notes[0]);
    assert_eq!(notes[2]["failure"], json!("unrouted"));
}

/// Whoever may write to such a stream gets a bounded number of notes, which hold nothing of theirs but an ID.
#[tokio::test]
async fn a_flood_of_canaries_makes_a_bounded_number_of_notes() {
    let service = service(Transport::Plain);
    let mut forwarder = forwarder(&service, Transport::Plain);
    let flood: Vec<String> = (0..500).map(|n| format!("{MESSAGE}{n:08} \"}} level=ERROR")).collect();
    let flood: Vec<&str> = flood.iter().map(String::as_str).collect();
    let records = (0..3).map(|n| canary("/app", "f", n, &flood)).collect();
    let event = invocation(records);
    let outcome = forwarder.handle(&event, deadline()).await;
    let notes = notes(&event, &outcome);
    assert_eq!((notes.len(), outcome.account.events.delivered), (MOST, 1500));
    for note in notes {
        let id = note["id"].as_str().unwrap();
        assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_digit()), "{note}");
    }
    service.wait_for_lines(1500, PATIENCE).await.unwrap();
}

/// Events that only look alike are nobody's canary.
#[tokio::test]
async fn without_its_stream_or_its_words_an_event_is_no_canary() {
    let service = service(Transport::Plain);
    let mut forwarder = forwarder(&service, Transport::Plain);
    let words = payload("/app", "f", &["cwl2le canary 7f3a91c4".to_owned()]);
    let event = invocation(vec![
        record(&sequence(0), &gzip(words.to_string().as_bytes())),
        canary("/app", "f", 1, &["a cwl2le canary 7f3a91c4", "cwl2le canary ", "cwl2le canary 7F3A91C4"]),
    ]);
    let outcome = forwarder.handle(&event, deadline()).await;
    assert_eq!((notes(&event, &outcome).len(), outcome.account.events.delivered), (0, 4));
}
