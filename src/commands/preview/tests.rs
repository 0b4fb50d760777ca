//! A preview of events that are made up.

use super::Preview;
use super::examine::Examiner;
use super::report::{End, Flow, Month, Place, PreviewReport, Window};
use super::text::samples;
use crate::aws::Event;
use crate::aws::testing::{Answer, FakeAws};
use crate::cli::Cli;
use crate::commands::Command;
use crate::error::Code;
use crate::output::{OutputFormat, Printer};
use crate::prices::Prices;
use clap::Parser;
use cwl2le_forwarder::config::Config;
use serde_json::{Value, json};

const TOKEN: &str = "01234567-89ab-cdef-0123-456789abcdef";

fn args(more: &[&str]) -> Preview {
    let args = [&["cwl2le", "preview", "--log-group", "/app/cart"], more].concat();
    match Cli::try_parse_from(args).expect("flags").command {
        Command::Preview(preview) => *preview,
        _ => panic!("no preview"),
    }
}

fn config(shape: &Value) -> Config {
    let one = json!({"type": "logentries", "region": "eu", "token": TOKEN});
    let config = json!({
        "destinations": {"app": one, "audit": one}, "default": "app",
        "routes": [{"log_group": "/app/*", "destination": ["app", "audit"], "shape": shape}],
    });
    Config::from_json(&config.to_string()).expect("a configuration")
}

fn event(number: i64, message: &str) -> Event {
    Event {
        id: format!("{number:056}"),
        log_stream: "stream".to_owned(),
        timestamp: 1_474_108_129_663 + number * 1000,
        message: message.to_owned(),
    }
}

async fn preview(config: Config, filter: &str, messages: &[&str], more: &[&str]) -> PreviewReport {
    let place = Place {
        account: "123456789012".to_owned(),
        log_group: "/app/cart".to_owned(),
        filter: filter.to_owned(),
        own_log_group: "/aws/lambda/cwl-to-logentries".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let mut examiner = Examiner::new(config, place).expect("an examiner");
    let events: Vec<Event> = (0..).zip(messages).map(|(number, message)| event(number, message)).collect();
    let (one, rest) = events.split_at(1);
    examiner.examine(one).await.expect("examined");
    examiner.examine(rest).await.expect("examined");
    let window = Window { from: 1_474_108_129_663, until: 1_474_111_729_663, complete: true };
    examiner.report(window, "cwl2le.toml".to_owned(), &args(more))
}

fn rules() -> Value {
    json!({
        "exclude": [{"rule": "lambda-platform"}, {"message": "^GET /health"}],
        "redact": [{"find": ["email"]}, {"pattern": "password=(\\S+)", "name": "password"}],
    })
}

const MESSAGES: [&str; 5] = [
    "plain \u{1b}[31mred\n",
    "GET /health password=hunter2",
    "mail bob@example.com password=hunter2",
    "END RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000",
    "GET /health password=hunter3",
];

#[tokio::test]
async fn a_preview_says_what_goes_what_is_dropped_and_what_it_costs() {
    let report = preview(config(&rules()), "f", &MESSAGES, &["--price-per-gb", "2.5"]).await;
    let mut text = Vec::new();
    Printer::plain(OutputFormat::Text).report(&mut text, &report).expect("a report");
    insta::assert_snapshot!(String::from_utf8(text).expect("UTF-8").trim_end());
    insta::assert_json_snapshot!(report);
}

#[tokio::test]
async fn what_the_rules_take_out_is_shown_only_on_request() {
    let hidden = preview(config(&rules()), "f", &MESSAGES, &[]).await;
    let shown = preview(config(&rules()), "f", &MESSAGES, &["--before"]).await;
    let both = |report: &PreviewReport| format!("{report}{}", serde_json::to_string(report).expect("JSON"));
    for secret in ["hunter2", "hunter3", "bob@example.com"] {
        assert!(!both(&hidden).contains(secret), "{secret}");
        assert!(both(&shown).contains(secret), "{secret}");
    }
    assert!(!both(&shown).contains(TOKEN));
    assert!(both(&shown).contains("before: mail bob@example.com"));
    let lines = |report: &PreviewReport| {
        format!("{:?}", report.events.iter().map(|seen| &seen.lines).collect::<Vec<_>>())
    };
    assert_eq!(lines(&hidden), lines(&shown));
    assert!(!lines(&shown).contains("hunter") && lines(&shown).contains("[email]"));
}

#[tokio::test]
async fn a_pinned_destination_gets_it_alone_and_what_nobody_gets_says_why() {
    let pinned = preview(config(&rules()), "f@audit", &MESSAGES, &[]).await;
    let to: Vec<&str> = pinned.destinations.iter().map(|flow| flow.destination.as_str()).collect();
    assert_eq!((to, pinned.route.as_deref()), (vec!["audit"], Some("/app/*")));

    let lost = preview(config(&rules()), "f@gone", &MESSAGES[..1], &[]).await;
    let End::Refused { why } = &lost.events[0].end else { panic!("{lost:?}") };
    assert!(why.contains("names the destination `gone`, which is not configured"), "{why}");
    assert_eq!((lost.events_refused, lost.events_sent, lost.destinations.len()), (1, 0, 0));

    // Its own lines would come back forever.
    let mut config = config(&Value::Null);
    config.routes.clear();
    let place = Place {
        account: String::new(),
        log_group: "/own".to_owned(),
        filter: "f".to_owned(),
        own_log_group: "/own".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let mut examiner = Examiner::new(config, place).expect("an examiner");
    examiner.examine(&[event(0, "m")]).await.expect("examined");
    assert!(matches!(&examiner.seen[0].end, End::Refused { why } if why.contains("log loop")));
}

#[test]
fn a_month_is_thirty_days_like_what_was_read() {
    let flow = Flow { bytes_before: 2_000_000, bytes_after: 500_000, ..Flow::default() };
    let month = Month::new(&[flow.clone(), flow], 3600.0, &Prices::of_region("us-east-1"), Some(2.0));
    assert!((month.gb_before - 2.88).abs() < 1e-9 && (month.gb_after - 0.72).abs() < 1e-9, "{month:?}");
    let cost = month.log_service.expect("a cost");
    assert!((cost.before - 5.76).abs() < 1e-9 && (cost.after - 1.44).abs() < 1e-9, "{cost:?}");
    assert!((month.aws_data_out.before - 2.88 * 0.09).abs() < 1e-9);
    // Of what was cut short only what was read counts.
    let cut = Window { from: 0, until: 3_600_000, complete: false };
    assert_eq!((cut.covered(Some(60_000)), cut.covered(None)), (60.0, 3600.0));
}

#[tokio::test]
async fn the_samples_show_every_kind_of_end() {
    let mut messages = vec!["GET /health"; 50];
    messages.extend(["plain", "mail bob@example.com"]);
    let report = preview(config(&rules()), "f", &messages, &[]).await;
    let shown = samples(&report.events, 3);
    let ends: Vec<bool> = shown.iter().map(|seen| seen.end == End::Sent).collect();
    assert_eq!(ends, [false, true, true]);
    assert_eq!(samples(&report.events, 20).len(), 20);
    assert_eq!(samples(&report.events, 0).len(), 0);
}

/// The pages of a log group, with an empty one among them.
#[tokio::test(start_paused = true)]
async fn events_are_read_page_by_page_up_to_the_limit() {
    let page = |number: usize, events: usize| {
        let events: Vec<Value> = (0..events)
            .map(|event| json!({"eventId": format!("{number}{event}"), "logStreamName": "s", "timestamp": 5, "message": "m"}))
            .collect();
        json!({"events": events, "nextToken": format!("t{number}")})
    };
    let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("FilterLogEvents", 1) => Answer::Error(400, "ThrottlingException", "Rate exceeded"),
        ("FilterLogEvents", 0) => Answer::Json(page(0, 3)),
        ("FilterLogEvents", 2) => Answer::Json(page(1, 0)),
        ("FilterLogEvents", _) => Answer::Json(page(2, 2)),
        _ => Answer::ok(),
    });
    let session = aws.session();
    let query = crate::aws::EventQuery {
        log_group: "/g",
        from: 1,
        until: 9,
        pattern: Some("ERROR"),
        newest_first: false,
    };
    let (mut next, mut read) = (None, 0);
    while read < 5 {
        let (events, more) =
            crate::aws::filter_log_events(&session, query, 5 - read, next).await.expect("a page");
        read += events.len();
        next = more;
    }
    let asked: Vec<Value> = aws.requests().into_iter().map(|request| request.body).collect();
    let common = json!({"logGroupName": "/g", "startTime": 1, "endTime": 9, "filterPattern": "ERROR"});
    let wanted = [(5, None), (2, Some("t0")), (2, Some("t0")), (2, Some("t1"))].map(|(limit, token)| {
        let mut wanted = common.clone();
        wanted["limit"] = limit.into();
        if let Some(token) = token {
            wanted["nextToken"] = token.into();
        }
        wanted
    });
    assert_eq!(asked, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_log_group_and_a_pattern_that_cannot_be_are_named() {
    for (code, message, means) in [
        ("ResourceNotFoundException", "The specified log group does not exist.", Code::UnknownLogGroup),
        ("InvalidParameterException", "Invalid filter pattern", Code::BadPattern),
        ("AccessDeniedException", "not authorized to perform: logs:FilterLogEvents", Code::AccessDenied),
    ] {
        let aws = FakeAws::new(move |_| Answer::Error(400, code, message));
        let query =
            crate::aws::EventQuery { log_group: "/g", from: 1, until: 9, pattern: None, newest_first: false };
        let error = crate::aws::filter_log_events(&aws.session(), query, 5, None).await.expect_err(code);
        assert_eq!((error.code, error.resource.as_deref()), (means, Some("/g")));
        assert!(error.hint.is_some());
    }
}
