//! How events become requests: full ones, in order, on connections that live; and the exact bytes that every type
//! sends.

use std::collections::HashMap;
use std::time::Duration;

use cwl2le_forwarder::config::{Config, Destination, Route};
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::{Answer, Fault, Request, Transport};
use serde_json::json;

use crate::common::sink::{Sink, batching, records, services};
use crate::common::*;

#[tokio::test]
async fn batches_are_filled_to_the_limit_of_the_service_and_keep_their_order() {
    for (sink, mut forwarder) in batching() {
        let sent = messages(12, 100, 10_000);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 1200, "{:?}", outcome.lanes[0].failure);
        let limit = if sink.kind == "loggly" { 5_000_000 } else { 1 << 20 };
        let sizes: Vec<usize> = sink.service.requests().iter().map(|request| request.body.len()).collect();
        assert!(sizes.iter().all(|size| *size <= limit), "{sizes:?}");
        let full = &sizes[..sizes.len() - 1];
        assert!(full.iter().all(|size| *size > limit - 12_000), "{sizes:?}");
        assert!(sink.messages() == sent.concat(), "{}", sink.kind);
    }
}

/// Records of several log streams, and what each stream says in its order.
fn of_streams(
    streams: usize,
    records: usize,
    events: usize,
    length: usize,
) -> (Invocation, Vec<Vec<String>>) {
    let sent = messages(records, events, length);
    let mut by_stream = vec![Vec::new(); streams];
    let records = sent.iter().enumerate().map(|(n, messages)| {
        by_stream[n % streams].extend(messages.iter().cloned());
        let mut payload = payload("/app", "f", messages);
        payload["logStream"] = json!(format!("stream {}", n % streams));
        record(&sequence(n), &gzip(payload.to_string().as_bytes()))
    });
    let records = records.collect();
    (invocation(records), by_stream)
}

#[tokio::test]
async fn requests_of_different_log_streams_are_in_flight_together_and_each_stream_keeps_its_order() {
    for (sink, mut forwarder) in batching() {
        let (event, by_stream) = of_streams(8, 64, 50, 3000);
        sink.service.answer_with(|_| Answer::status(200).after(Duration::from_millis(20)));
        let outcome = forwarder.handle(&event, deadline()).await;
        assert_eq!(outcome.account.events.delivered, 64 * 50, "{:?}", outcome.lanes[0].failure);
        let connections = sink.service.connections();
        assert!(
            if sink.kind == "loggly" { connections <= 2 } else { (2..=6).contains(&connections) },
            "{connections}"
        );
        let arrived = sink.messages();
        let place: HashMap<&String, usize> =
            arrived.iter().enumerate().map(|(at, message)| (message, at)).collect();
        for stream in by_stream {
            assert!(stream.iter().map(|message| place[message]).is_sorted(), "{}", sink.kind);
        }
        assert_eq!(arrived.len(), 64 * 50);
    }
}

/// A proxy that swallows what comes on a connection from before, or a NAT gateway that has forgotten it.
#[tokio::test]
async fn a_kept_connection_that_nobody_answers_on_is_given_up_soon() {
    for (sink, _) in services() {
        let mut options = options();
        // Nobody waits for this long: the time of the invocation ends before.
        options.timeouts.progress = PATIENCE;
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options).unwrap();
        let sent = messages(1, 1, 40);
        forwarder.handle(&carrying(&sent), deadline()).await;
        sink.service.set_fault_for(Fault::Stall, 1);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!((outcome.account.events.delivered, outcome.lanes[0].retries), (1, 0), "{}", sink.kind);
        assert_eq!(outcome.lanes[0].possible_duplicates, 1);
        assert_eq!(sink.service.connections(), 2);
    }
}

#[tokio::test]
async fn one_of_two_destinations_that_refuses_does_not_stop_the_other() {
    for (sink, _) in batching() {
        let other = Sink::start("syslog", Transport::Plain);
        let mut config = Config::single(sink.config());
        config.destinations.insert("other".into(), other.config());
        let both = r#"{"log_group":"*","destination":["default","other"]}"#;
        config.routes.push(serde_json::from_str::<Route>(both).unwrap());
        let mut forwarder = Forwarder::new(&config, options()).unwrap();
        sink.service.answer_with(|_| Answer::status(404));
        let sent = messages(2, 10, 50);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!((outcome.lanes[0].events, outcome.lanes[1].events), (0, 20));
        sink.service.answer_with(|_| Answer::status(200));
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!((outcome.lanes[0].events, outcome.lanes[1].events), (20, 0), "it is not sent twice");
        assert_eq!(sink.messages(), sent.concat());
        assert_eq!(other.wait_for_all(&sent.concat().iter().collect::<Vec<_>>()).await.0.len(), 20);
    }
}

/// A request as text: its first line, the headers that are ours, and the body.
fn shown(request: &Request) -> String {
    let ours = ["api-key", "authorization", "content-encoding", "content-type"];
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .filter(|(name, _)| ours.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    headers.sort();
    let body = if request.header("content-type") == Some("application/x-protobuf") {
        records(request).iter().map(|record| format!("{record:?}\n")).collect()
    } else {
        String::from_utf8(request.body.clone()).unwrap()
    };
    format!("{}\n{}\n{body}", request.line, headers.concat())
}

#[tokio::test]
async fn every_type_sends_these_bytes() {
    let mut all = String::new();
    for kind in Destination::TYPES {
        let sink = Sink::start(kind, Transport::Tls13);
        let mut config = Config::single(sink.config());
        let rules = json!({"log_group": "*", "destination": "default", "shape": {"fields": {"set": {"team": "payments"}},
            "format": if *kind == "http" { "json" } else { "prefix" }}});
        config.routes.push(serde_json::from_value(rules).unwrap());
        let options = Options { region: "eu-west-1".into(), ..options() };
        let mut forwarder = Forwarder::new(&config, options).unwrap();
        let sent = [
            r#"{"level":50,"msg":"caf\u00e9"}"#.to_owned(),
            "[WARN]\t2016-09-17T10:28:49.663Z\tid\ttwo\nlines\n".to_owned(),
        ];
        let data = gzip(payload("/aws/lambda/cart", "f", &sent).to_string().as_bytes());
        let outcome = forwarder.handle(&invocation(vec![record(&sequence(0), &data)]), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 2, "{kind}: {:?}", outcome.lanes[0].failure);
        all += &format!("=== {kind}\n");
        if sink.is_http() {
            let mut requests: Vec<String> = sink.service.requests().iter().map(shown).collect();
            // Those in flight at the same time arrive in any order.
            requests.sort();
            all.extend(requests);
        } else {
            let lines = sink.service.wait_for_lines(2, Duration::from_secs(30)).await.unwrap();
            all.extend(lines.iter().map(|line| line.text() + "\n"));
        }
    }
    insta::assert_snapshot!(all);
}
