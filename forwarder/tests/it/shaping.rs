//! What a route does to its events, in whole invocations; and expressions that take long.

use std::time::Duration;

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::{Config, Route};
use cwl2le_forwarder::delivery::Counts;
use cwl2le_forwarder::net::FailureKind;
use cwl2le_local::log_service::{LogService, Transport};
use tokio::time::Instant;

use crate::common::*;

/// Far more than anything here takes, and far less than it takes without a budget.
const HANGS: Duration = Duration::from_secs(40);

fn forwarder(rules: &str, service: &LogService) -> Forwarder {
    let (destination, _file) = destination(service, Transport::Plain);
    let mut config = Config::single(destination);
    config.routes.push(Route {
        log_group: "*".to_owned(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    });
    Forwarder::new(&config, options()).unwrap()
}

#[tokio::test]
async fn a_line_that_takes_too_long_is_cut_short_and_holds_up_nobody() {
    let service = service(Transport::Plain);
    let mut forwarder = forwarder(r#"{"redact":[{"pattern":"a.*z|a","as":"drop"}]}"#, &service);
    let heavy = format!("{}secret", "a".repeat(100_000));
    let sent = vec![vec!["one".to_owned()], vec![heavy], vec!["two".to_owned()]];
    let outcome = forwarder.handle(&carrying(&sent), deadline()).await;
    assert_eq!(outcome.account.events.delivered, 3);
    assert_eq!(outcome.lanes[0].cut_short, 1);
    let lines = service.wait_for_lines(3, HANGS).await.unwrap();
    let texts: Vec<String> = lines.iter().map(|line| line.text()).collect();
    // Behind the token.
    let texts: Vec<&str> = texts.iter().filter_map(|text| Some(text.split_once(' ')?.1)).collect();
    assert_eq!(texts, ["one", "[redacted]", "two"]);
}

#[tokio::test]
async fn many_lines_that_take_long_are_answered_for_at_the_deadline() {
    let service = service(Transport::Plain);
    let mut forwarder = forwarder(r#"{"redact":[{"pattern":"a.*z|a"}]}"#, &service);
    let sent = vec![vec!["a".repeat(30_000); 40]; 10];
    let began = Instant::now();
    let outcome = forwarder.handle(&carrying(&sent), began + Duration::from_millis(600)).await;
    assert!(began.elapsed() < HANGS, "{:?}", began.elapsed());
    assert_eq!(outcome.lanes[0].failure.as_ref().map(|failure| failure.kind), Some(FailureKind::Deadline));
    let failures = outcome.response.unwrap().batch_item_failures;
    assert_eq!(failures.len(), 1, "what was not delivered comes again");
}

#[tokio::test]
async fn what_a_route_drops_is_counted_and_what_it_redacts_never_arrives() {
    let service = service(Transport::Tls13);
    let (one, _ca) = destination(&service, Transport::Tls13);
    let mut config = Config::single(one);
    let rules = r#"{"include":[{"message":"INFO|ERROR"}],"exclude":[{"message":"health","stream":"stream"}],
        "redact":[{"find":["email"]}],"fields":{"group":"^/(?<app>.+)$"},"format":"prefix"}"#;
    config.routes.push(Route {
        log_group: "/a*".into(),
        destination: "default".into(),
        shape: Some(serde_json::from_str(rules).unwrap()),
    });
    let mut forwarder = Forwarder::new(&config, options()).unwrap();
    let texts = |messages: &[&str]| messages.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let data =
        |group: &str, messages: &[&str]| gzip(payload(group, "f", &texts(messages)).to_string().as_bytes());
    let batch = || {
        invocation(vec![
            record(&sequence(0), &data("/app", &["DEBUG one", "ERROR of bob@example.com\n", "INFO health"])),
            record(&sequence(1), &data("/app", &["DEBUG two", "DEBUG three"])),
            record(&sequence(2), &data("/other", &["DEBUG of bob@example.com"])),
        ])
    };
    service.stop_listening();
    let outcome = forwarder.handle(&batch(), deadline()).await;
    let (records, events) = (outcome.account.records, outcome.account.events);
    assert_eq!(records, Counts { received: 3, filtered: 1, failed: 2, ..Counts::default() });
    assert_eq!(events, Counts { received: 6, filtered: 4, failed: 2, ..Counts::default() });
    assert_eq!(outcome.account.unbalanced, 0);

    service.resume();
    let outcome = forwarder.handle(&batch(), deadline()).await;
    let (records, events) = (outcome.account.records, outcome.account.events);
    assert_eq!(records, Counts { received: 3, delivered: 2, filtered: 1, ..Counts::default() });
    assert_eq!(events, Counts { received: 6, delivered: 2, filtered: 4, ..Counts::default() });
    assert_eq!(outcome.account.unbalanced, 0);
    assert_eq!(outcome.account.destinations, [outcome.account.events]);
    let lines = service.wait_for_lines(2, PATIENCE).await.unwrap();
    let expected =
        ["2016-09-17T10:28:49.664Z /app stream app=app ERROR of [email]", "DEBUG of bob@example.com"];
    assert_eq!(lines.iter().map(|line| line.message()).collect::<Vec<_>>(), expected);
}
