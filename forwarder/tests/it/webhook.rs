//! `insight-webhook` against a double with the measured rules of the real service, which stores only the first line of
//! a body and answers 204 whatever it does with the rest.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::net::FailureKind;
use cwl2le_local::log_service::{Answer, Transport};
use serde_json::json;

use crate::common::sink::Sink;
use crate::common::*;

/// Maximum number of requests in flight.
const IN_FLIGHT: usize = 16;

fn webhook(transport: Transport) -> (Sink, Forwarder) {
    let sink = Sink::start("insight-webhook", transport);
    let forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
    (sink, forwarder)
}

fn sorted(mut messages: Vec<String>) -> Vec<String> {
    messages.sort();
    messages
}

#[tokio::test]
async fn every_event_is_a_request_of_its_own_and_all_are_stored() {
    for transport in [Transport::Plain, Transport::Tls13] {
        let (sink, mut forwarder) = webhook(transport);
        let mut sent = messages(3, 200, 100);
        sent[1][7] = "line one\nline two\r\nline three\rline four\n".to_owned();
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 600, "{:?}", outcome.lanes[0].failure);
        sent[1][7] = "line one\u{2028}line two\u{2028}line three\u{2028}line four".to_owned();
        assert_eq!(sorted(sink.messages()), sorted(sent.concat()));
        assert_eq!(sink.service.requests().len(), 600);
    }
}

#[tokio::test]
async fn a_long_event_is_stored_in_marked_parts_that_the_service_does_not_split() {
    let (sink, mut forwarder) = webhook(Transport::Plain);
    let text: String = ('a'..='z').map(|c| format!("{c}\u{20ac}").repeat(1000)).collect();
    let sent = vec![vec!["short".to_owned(), text.clone(), "last".to_owned()]];
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    assert_eq!(outcome.account.events.delivered, 3);
    let stored: HashSet<String> = sink.messages().into_iter().collect();
    let parts = text.len().div_ceil(32_767 - 100);
    assert_eq!(stored.len(), 2 + parts, "the service has split nothing");
    let joined: String = (1..=parts)
        .map(|part| {
            let mark = format!("part={part}/{parts} id=368{:053} ", 1);
            stored.iter().find_map(|line| line.strip_prefix(&mark)).unwrap()
        })
        .collect();
    assert_eq!(joined, text);
}

#[test]
fn a_line_is_never_longer_than_an_entry() {
    let sink = Sink::start("insight-webhook", Transport::Plain);
    let config = |max_bytes: usize| {
        let destination = json!({"type": "insight-webhook", "endpoint": "https://h", "token": TOKEN});
        let config = json!({"destinations": {"a": destination}, "lines": {"a": {"max_bytes": max_bytes}}});
        Config::from_json(&config.to_string())
    };
    assert!(config(32_767).is_ok());
    assert!(config(32_768).unwrap_err().to_string().contains("1024 to 32767"));
    for kind in ["insight-webhook", "logentries"] {
        let destination =
            Destination::read(kind, Sink::start(kind, Transport::Plain).keys()).unwrap().unwrap();
        assert_eq!(Config::single(sink.config()).style("default", &destination).max_bytes, 32_767);
    }
}

#[tokio::test]
async fn several_requests_are_in_flight_and_no_event_gets_far_ahead() {
    let (sink, mut forwarder) = webhook(Transport::Plain);
    let sent = messages(2, 300, 30);
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    assert_eq!(outcome.account.events.delivered, 600);
    let connections = sink.service.connections() as usize;
    // The client may open a few more than it uses.
    assert!((2..=2 * IN_FLIGHT).contains(&connections), "{connections}");
    for (at, message) in sink.messages().iter().enumerate() {
        let number = sent.concat().iter().position(|sent| sent == message).unwrap();
        assert!(number < at + IN_FLIGHT && at < number + IN_FLIGHT, "{number} arrived as {at}");
    }
}

/// What the service answers does not tell, so the forwarder cannot: see docs/destinations.md.
#[tokio::test]
async fn a_wrong_token_is_answered_like_a_right_one_and_cannot_be_told() {
    let (sink, mut forwarder) = webhook(Transport::Plain);
    sink.service.know_tokens(&["fedcba98-7654-3210-fedc-ba9876543210"]);
    let outcome = forwarder.handle(&carrying(&messages(1, 5, 40)), deadline()).await;
    assert_eq!((outcome.account.events.delivered, sink.messages().len()), (5, 0));
    sink.service.know_tokens(&[TOKEN]);
    forwarder.handle(&carrying(&messages(1, 5, 40)), deadline()).await;
    assert_eq!(sink.messages().len(), 5);
}

#[tokio::test]
async fn what_the_service_does_not_take_at_once_is_sent_again_and_only_that_is_in_doubt() {
    for (status, doubtful) in [(408, 1), (429, 0), (500, 1), (503, 1)] {
        let (sink, mut forwarder) = webhook(Transport::Plain);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        sink.service.answer_with(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            20 => Answer::status(status).header("Retry-After", "0"),
            _ => Answer::status(204),
        });
        let sent = messages(1, 50, 40);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!((outcome.account.events.delivered, outcome.lanes[0].retries), (50, 1), "{status}");
        let stored = sink.messages();
        let distinct: HashSet<&String> = stored.iter().collect();
        assert_eq!(distinct.len(), 50);
        // What was in flight beside it, and was stored, comes after a gap.
        let again = stored.len() - 50;
        assert!(again < IN_FLIGHT, "{again}");
        assert_eq!(outcome.lanes[0].possible_duplicates as usize, again + doubtful);
    }
}

#[tokio::test]
async fn what_it_refuses_as_a_whole_is_a_failure() {
    for (status, kind) in [(404, FailureKind::Refused), (401, FailureKind::Unauthorized)] {
        let (sink, mut forwarder) = webhook(Transport::Plain);
        sink.service.answer_with(move |_| Answer::status(status));
        let outcome = forwarder.handle(&carrying(&messages(1, 30, 40)), deadline()).await;
        assert_eq!(outcome.lanes[0].failure.as_ref().unwrap().kind, kind);
        assert_eq!((outcome.account.records.failed, outcome.account.events.quarantined), (1, 0));
        assert!(sink.service.requests().len() <= IN_FLIGHT, "it is left alone");
    }
}
