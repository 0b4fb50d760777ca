//! What HTTP services answer, and what becomes of the events then; and the exact bytes that every type sends.

use std::collections::HashMap;
use std::time::Duration;

use crate::common::sink::Sink;
use crate::common::*;
use cwl2le_forwarder::config::{Config, Destination, Route};
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use cwl2le_local::log_service::{Answer, Fault, Request, Transport};
use serde_json::json;

/// A sink of each type that answers, and a forwarder for it.
fn services() -> impl Iterator<Item = (Sink, Forwarder)> {
    let sinks = Destination::TYPES.iter().map(|kind| Sink::start(kind, Transport::Plain));
    sinks.filter(Sink::is_http).map(|sink| {
        let forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        (sink, forwarder)
    })
}

/// Those of types that send several events in a request. `webhook.rs` has the tests of the other type.
fn batching() -> impl Iterator<Item = (Sink, Forwarder)> {
    services().filter(|(sink, _)| sink.kind != "insight-webhook")
}

fn contains(request: &Request, text: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(text)
}

/// The first request gets this answer, all others a 200.
fn answer_once(sink: &Sink, answer: Answer) {
    let once = std::sync::Mutex::new(Some(answer));
    sink.service.answer_with(move |_| once.lock().unwrap().take().unwrap_or(Answer::status(200)));
}

fn failure(outcome: &Outcome) -> (FailureKind, String) {
    let failure = outcome.lanes[0].failure.as_ref().unwrap();
    (failure.kind, failure.detail.clone())
}

#[tokio::test]
async fn a_service_that_is_busy_or_fails_is_asked_again() {
    for (sink, mut forwarder) in batching() {
        for status in [408, 429, 500, 502, 503, 504] {
            sink.service.clear();
            answer_once(&sink, Answer::status(status).header("Retry-After", "0"));
            let sent = messages(3, 5, 40);
            let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
            assert_eq!(outcome.account.events.delivered, 15, "{} {status}", sink.kind);
            assert_eq!(
                (outcome.lanes[0].retries, sink.service.requests().len()),
                (1, 2),
                "{} {status}",
                sink.kind
            );
            assert_eq!(sink.messages(), sent.concat());
            let doubtful = matches!(status, 408 | 500..);
            assert_eq!(outcome.lanes[0].possible_duplicates, if doubtful { 15 } else { 0 }, "{status}");
        }
    }
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_is_kept_by_the_next_invocations_too() {
    for status in [429, 503] {
        for (sink, mut forwarder) in batching() {
            sink.service.answer_with(move |_| Answer::status(status).header("Retry-After", "3600"));
            let outcome = forwarder.handle(&carrying(&messages(1, 3, 40)), deadline()).await;
            let (kind, detail) = failure(&outcome);
            let first = if status == 429 { FailureKind::Throttled } else { FailureKind::Unavailable };
            assert_eq!(kind, first, "{detail}");
            sink.service.answer_with(|_| Answer::status(200));
            for _ in 0..3 {
                let outcome = forwarder.handle(&carrying(&messages(1, 3, 40)), deadline()).await;
                let (kind, detail) = failure(&outcome);
                assert_eq!(kind, FailureKind::Throttled);
                assert!(detail.starts_with("127.0.0.1 asked to be left alone until 20"), "{detail}");
                assert_eq!((outcome.account.records.failed, outcome.lanes[0].possible_duplicates), (1, 0));
            }
            assert_eq!(sink.service.requests().len(), 1, "it is left alone");
        }
    }
}

#[tokio::test]
async fn a_refused_secret_fails_at_once_and_is_not_shown() {
    for (sink, mut forwarder) in batching() {
        for status in [401, 403] {
            sink.service.clear();
            sink.service.answer_with(move |request| {
                Answer::status(status).body(format!("no access: {} {:?}", request.line, request.headers))
            });
            let outcome = forwarder.handle(&carrying(&messages(1, 3, 40)), deadline()).await;
            let (kind, detail) = failure(&outcome);
            assert_eq!(kind, FailureKind::Unauthorized, "{detail}");
            assert!(
                detail.contains("127.0.0.1 refuses the token or key of this destination: 40"),
                "{detail}"
            );
            assert!(!detail.contains(TOKEN) && !detail.contains("k3y"), "{detail}");
            assert_eq!((sink.service.requests().len(), outcome.lanes[0].retries), (1, 0));
        }
    }
}

#[tokio::test]
async fn another_refusal_is_a_failure_with_its_status() {
    for (status, name) in
        [(404, "404 Not Found"), (415, "415 Unsupported Media Type"), (301, "301 Moved Permanently")]
    {
        for (sink, mut forwarder) in batching() {
            sink.service.answer_with(move |_| Answer::status(status).body("there is\nno such place"));
            let outcome = forwarder.handle(&carrying(&messages(1, 3, 40)), deadline()).await;
            let expected = format!("127.0.0.1 answered {name}: there is no such place");
            assert_eq!(failure(&outcome), (FailureKind::Refused, expected));
            assert_eq!((outcome.account.records.failed, sink.service.requests().len()), (1, 1));
        }
    }
}

#[tokio::test]
async fn a_bad_event_is_refused_by_name_and_its_neighbours_arrive() {
    for (sink, mut forwarder) in batching() {
        sink.service.answer_with(|request| {
            let bad = contains(request, "hunter22 is bad");
            // Services like to repeat what they refuse.
            if bad { Answer::status(400).body(request.body.clone()) } else { Answer::status(200) }
        });
        let mut sent = messages(3, 20, 60);
        sent[1][7] = "password hunter22 is bad".to_owned();
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.unbalanced, 0);
        let events = &outcome.account.events;
        assert_eq!((events.delivered, events.quarantined, events.failed), (59, 1, 0), "{}", sink.kind);
        assert!(outcome.response.as_ref().unwrap().batch_item_failures.is_empty());
        let [rejection] = &outcome.lanes[0].rejections[..] else { panic!("{:?}", outcome.lanes[0]) };
        assert_eq!(rejection.event_id.as_deref(), Some(format!("368{:053}", 7).as_str()));
        assert!(
            rejection.why.starts_with("400 Bad Request") && !rejection.why.contains("hunter"),
            "{}",
            rejection.why
        );
        let expected: Vec<String> =
            sent.concat().into_iter().filter(|message| !message.contains("bad")).collect();
        assert_eq!(sink.messages(), expected, "in order");
    }
}

#[tokio::test]
async fn what_is_too_large_for_the_service_is_halved() {
    for (sink, mut forwarder) in batching() {
        sink.service
            .answer_with(|request| Answer::status(if request.body.len() > 10_000 { 413 } else { 200 }));
        let mut sent = messages(2, 100, 150);
        sent[0][50] = "too large ".repeat(2000);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        let events = &outcome.account.events;
        assert_eq!((events.delivered, events.quarantined, events.failed), (199, 1, 0), "{}", sink.kind);
        assert!(outcome.lanes[0].rejections[0].why.starts_with("413"));
        assert_eq!(sink.messages().len(), 199);
    }
}

/// A response of OTLP with this many rejected records, as protocol buffers and as JSON.
fn partial(rejected: u8) -> [Answer; 2] {
    // ExportLogsServiceResponse { partial_success: { rejected_log_records, error_message: "too old" } }
    let protobuf = [b"\x0a\x0b\x08".as_slice(), &[rejected], b"\x12\x07too old"].concat();
    let json =
        json!({"partialSuccess": {"rejectedLogRecords": rejected.to_string(), "errorMessage": "too old"}});
    [
        Answer::status(200).header("Content-Type", "application/x-protobuf").body(protobuf),
        Answer::status(200).header("Content-Type", "application/json").body(json.to_string()),
    ]
}

#[tokio::test]
async fn of_a_partial_success_no_event_is_called_delivered_or_refused_by_name() {
    for answer in partial(2) {
        let sink = Sink::start("otlp", Transport::Plain);
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        answer_once(&sink, answer);
        let sent = messages(2, 5, 40);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        let events = &outcome.account.events;
        assert_eq!((events.delivered, events.quarantined, events.failed), (0, 10, 0));
        assert_eq!(sink.service.requests().len(), 1, "nothing is sent again");
        let rejections = &outcome.lanes[0].rejections;
        assert_eq!(rejections.iter().map(|rejection| rejection.events).sum::<u64>(), 10);
        for rejection in rejections {
            let expected = "2 of 10 events of one request are refused, and it is unknown which; the others were accepted";
            assert!(
                rejection.why.starts_with(expected) && rejection.why.contains("too old"),
                "{}",
                rejection.why
            );
            assert_eq!(rejection.event_id, None);
        }
    }
}

#[tokio::test]
async fn a_partial_success_that_rejects_everything_is_a_refusal() {
    for answer in partial(127) {
        let sink = Sink::start("otlp", Transport::Plain);
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        sink.service.answer_with(move |_| answer.clone().storing(false));
        let outcome = forwarder.handle(&carrying(&messages(2, 5, 40)), deadline()).await;
        assert_eq!((outcome.account.records.failed, outcome.account.events.quarantined), (2, 0));
        assert_eq!(failure(&outcome).0, FailureKind::Refused);
    }
}

#[tokio::test]
async fn a_2xx_whose_body_says_no_or_is_not_whole_is_no_receipt() {
    let page =
        || Answer::status(200).header("Content-Type", "text/html").body("<!DOCTYPE html><title>Log in");
    let cut = |body: &str, at| Answer::status(200).body(body.repeat(100)).cut_after(at);
    let protobuf = |body: &[u8]| {
        Answer::status(200).header("Content-Type", "application/x-protobuf").body(body.to_vec())
    };
    let of_any = |kind: &'static str| {
        let packed = || gzip(br#"{"errors":true}"#);
        [
            Answer::status(200).header("Content-Encoding", "gzip").body(packed()),
            Answer::status(200).header("Content-Type", "text/html; charset=utf-8").body("Please log in"),
            Answer::status(200).body("<?xml version=\"1.0\"?>\n<!-- portal --><!DOCTYPE html><html>"),
            Answer::status(200).body("\u{feff}<script>location='/login'</script>"),
            Answer::status(206),
            Answer::status(207).body(r#"[{"status":400}]"#),
        ]
        .map(|answer| (kind, answer))
    };
    let of_all = ["insight-webhook", "loggly", "otlp", "http"].into_iter().flat_map(of_any);
    for (kind, answer) in of_all.chain([
        ("insight-webhook", page()),
        ("loggly", page()),
        ("otlp", page()),
        ("http", page()),
        ("loggly", Answer::status(200).body(r#"{"response":"failed"}"#)),
        ("loggly", cut(r#"{"response":"ok"}"#, 5)),
        ("loggly", Answer::status(200).body(r#"{"respon"#)),
        ("http", Answer::status(200).body(r#"{"took":3,"errors":true,"items":[{"index":{"status":400}}]}"#)),
        ("http", Answer::status(200).body(r#"{"success": false}"#)),
        ("http", Answer::status(200).body(r#"{"took":3,"ite"#)),
        ("http", cut("a text ", 10)),
        ("loggly", Answer::status(200).body(format!(r#"{{"response":"{}"}}"#, "quota exceeded ".repeat(10)))),
        ("loggly", Answer::status(200).body(r#"{"response":["ok"]}"#)),
        ("http", Answer::status(200).body("\u{feff}{\"errors\":true}")),
        ("http", Answer::status(200).body(b"{\"msg\":\"\xe4\",\"errors\":true}".to_vec())),
        ("http", Answer::status(200).body(r#"{"errors":[{"status":400}]}"#)),
        ("http", Answer::status(200).body(r#"{"ingested":0,"failed":3,"failures":[{"error":"bad"}]}"#)),
        ("http", Answer::status(200).body(r#"{"num_ingested_docs":0,"num_rejected_docs":3}"#)),
        ("otlp", Answer::status(200).body(r#"{"code":3,"message":"invalid"}"#)),
        ("otlp", protobuf(b"\x08\x03\x12\x07invalid")),
        ("otlp", protobuf(b"\x0a\x0b\x08\x02\x12\x07too")),
        ("otlp", Answer::status(200).body(r#"{"partialSuccess":{"rejec"#)),
        ("otlp", protobuf(&[b"\x0a\x84\x80\x80\x01\x12".as_slice(), &vec![b'x'; 3 << 20]].concat())),
    ]) {
        let sink = Sink::start(kind, Transport::Plain);
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        let shown = format!("{kind} {answer:.200?}");
        sink.service.answer_with(move |_| answer.clone().storing(false));
        let outcome = forwarder.handle(&carrying(&messages(2, 5, 40)), deadline()).await;
        let events = &outcome.account.events;
        assert_eq!((events.delivered, events.quarantined, events.failed), (0, 0, 10), "{shown:.300}");
        assert!(outcome.lanes[0].possible_duplicates >= 10, "{shown:.300}");
    }
}

#[tokio::test]
async fn an_answer_of_several_megabytes_does_no_harm() {
    for (sink, mut forwarder) in services() {
        let body = match sink.kind {
            "loggly" => format!(r#"{{"response":"ok","more":"{}"}}"#, "x".repeat(3 << 20)),
            "otlp" => continue,
            _ => format!(r#"{{"errors":false,"items":[{}0]}}"#, "1,".repeat(2 << 20)),
        };
        sink.service.answer_with(move |_| Answer::status(200).body(body.clone()));
        let sent = messages(2, 2, 40);
        let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
        assert_eq!(outcome.account.events.delivered, 4, "{}", sink.kind);
    }
}

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
        options.patience.progress = PATIENCE;
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
        crate::common::sink::records(request).iter().map(|record| format!("{record:?}\n")).collect()
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
