//! What HTTP services answer, and what becomes of the events then.

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::delivery::Counts;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_forwarder::{Forwarder, Outcome};
use cwl2le_local::log_service::{Answer, Request, Transport};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use prost::Message as _;
use serde_json::json;

use crate::common::sink::{Sink, answer_once, batching, services};
use crate::common::*;

fn contains(request: &Request, text: &str) -> bool {
    String::from_utf8_lossy(&request.body).contains(text)
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
        assert_eq!(
            *events,
            Counts { received: 60, delivered: 59, quarantined: 1, ..Counts::default() },
            "{}",
            sink.kind
        );
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
        assert_eq!(
            *events,
            Counts { received: 200, delivered: 199, quarantined: 1, ..Counts::default() },
            "{}",
            sink.kind
        );
        assert!(outcome.lanes[0].rejections[0].why.starts_with("413"));
        assert_eq!(sink.messages().len(), 199);
    }
}

/// `google.rpc.Status`, which an OTLP service may answer instead of its own response.
#[derive(prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// A response of OTLP with this many rejected records.
fn partial_success(rejected: i64) -> Vec<u8> {
    let partial_success =
        ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: "too old".to_owned() };
    ExportLogsServiceResponse { partial_success: Some(partial_success) }.encode_to_vec()
}

/// The same as an answer, as protocol buffers and as JSON.
fn partial(rejected: i64) -> [Answer; 2] {
    let json =
        json!({"partialSuccess": {"rejectedLogRecords": rejected.to_string(), "errorMessage": "too old"}});
    [
        Answer::status(200).header("Content-Type", "application/x-protobuf").body(partial_success(rejected)),
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
        assert_eq!(*events, Counts { received: 10, quarantined: 10, ..Counts::default() });
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
        ("otlp", protobuf(&Status { code: 3, message: "invalid".to_owned() }.encode_to_vec())),
        ("otlp", protobuf(&partial_success(2)[..9])),
        ("otlp", Answer::status(200).body(r#"{"partialSuccess":{"rejec"#)),
        // A partial success that is longer than what is read of an answer.
        ("otlp", protobuf(&[b"\x0a\x84\x80\x80\x01\x12".as_slice(), &vec![b'x'; 3 << 20]].concat())),
    ]) {
        let sink = Sink::start(kind, Transport::Plain);
        let mut forwarder = Forwarder::new(&Config::single(sink.config()), options()).unwrap();
        let shown = format!("{kind} {answer:.200?}");
        sink.service.answer_with(move |_| answer.clone().storing(false));
        let outcome = forwarder.handle(&carrying(&messages(2, 5, 40)), deadline()).await;
        let events = &outcome.account.events;
        assert_eq!(*events, Counts { received: 10, failed: 10, ..Counts::default() }, "{shown:.300}");
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
