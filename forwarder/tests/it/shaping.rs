//! Expressions that take long, in whole invocations.

use std::time::Duration;

use cwl2le_forwarder::Forwarder;
use cwl2le_forwarder::config::{Config, Route};
use cwl2le_forwarder::net::FailureKind;
use cwl2le_local::log_service::{LogService, Transport};
use tokio::time::Instant;

use crate::common::{carrying, deadline, destination, options, service};

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
