//! How far it came, counted in events of the input.

use std::rc::Rc;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::route::Router;
use cwl2le_forwarder::{Forwarder, Options, Outcome};
use serde_json::json;
use tokio::time::Instant;

use super::Forward;
use super::position::{Position, settled};
use super::report::ForwardReport;
use super::verb::{only, skip};
use crate::cli::Cli;
use crate::commands::Command;
use crate::error::Exit;
use crate::events::{Hints, Input, Nowhere, Origin, Record, SavedEvent, invocation};
use clap::Parser;

fn args(more: &[&str]) -> Forward {
    let args = [&["cwl2le", "forward", "--input", "saved.json"], more].concat();
    match Cli::try_parse_from(args).expect("flags").command {
        Command::Forward(forward) => *forward,
        _ => panic!("no forward"),
    }
}

fn config() -> Config {
    let one = json!({"type": "logentries", "endpoint": "127.0.0.1:1", "tls": false, "token": "01234567-89ab-cdef-0123-456789abcdef"});
    let config = json!({
        "destinations": {"app": one, "audit": one},
        "routes": [
            {"log_group": "/drop", "destination": "app", "shape": {"exclude": [{"message": "^drop"}]}},
            {"log_group": "/both", "destination": ["audit", "app"]},
            {"log_group": "*", "destination": "audit"},
        ],
    });
    Config::from_json(&config.to_string()).expect("a configuration")
}

fn record(log_group: &str, messages: &[&str]) -> Record {
    let event = |message: &&str| SavedEvent { message: (*message).to_owned(), ..SavedEvent::default() };
    let events: Vec<SavedEvent> = messages.iter().map(event).collect();
    Record::of(Origin { log_group, ..Origin::default() }, &events)
}

async fn handled(config: &Config, options: Options, records: &[Record]) -> Outcome {
    let mut forwarder = Forwarder::new(config, options).expect("a forwarder");
    let invocation = invocation(records, 0).expect("an invocation");
    forwarder.handle(&invocation, Instant::now() + Duration::from_secs(60)).await
}

fn impatient() -> Options {
    let mut options = Options::default();
    options.retries.attempts = 1;
    options
}

#[tokio::test]
async fn what_is_done_counts_up_to_the_first_event_that_is_not() {
    let config = config();
    let router = Router::new(&config, None).expect("a router");
    let records = [
        Record::NotBase64,
        record("/drop", &["drop", "drop"]),
        record("/drop", &["drop", "keep", "drop", "keep"]),
        record("/drop", &["drop"]),
    ];
    // Nobody listens: what rules drop is done, and the first event that is kept is not.
    let outcome = handled(&config, impatient(), &records).await;
    assert_eq!(settled(&router, &records, &outcome.account), Position { events: 3, beyond: 0 });
    let mut report = ForwardReport::new(&args(&["--to", "app", "--skip", "10"]));
    report.note_attempt(&outcome);
    report.note(&outcome, settled(&router, &records, &outcome.account), records.len());
    report.end(None);
    assert_eq!(report.exit(), Exit::Undelivered);
    assert_eq!((report.position, report.failed, report.filtered, report.complete), (13, 2, 5, false));
    let text = report.to_string();
    assert!(text.contains("go on with --skip 13") && text.contains("connect: "), "{text}");
    assert!(text.contains("refused once: the data is not base64"), "{text}");

    let done = handled(&config, Options::dry(Rc::new(Nowhere)), &records[1..]).await;
    assert_eq!(settled(&router, &records[1..], &done.account), Position { events: 7, beyond: 0 });
    let mut report = ForwardReport::new(&args(&[]));
    report.note(&done, settled(&router, &records[1..], &done.account), 3);
    report.end(None);
    assert_eq!((report.exit(), report.complete), (Exit::Success, true));
}

#[test]
fn one_destination_gets_everything_by_the_rules_that_lead_to_it() {
    let mut app = config();
    only(&mut app, "app").expect("there");
    app.validate().expect("valid");
    let router = Router::new(&app, None).expect("a router");
    for group in ["/drop", "/both", "/other"] {
        assert_eq!(router.choose(group, []), Ok(&[0][..]), "{group}");
    }
    assert!(router.shape("/drop", &[0]).is_some() && router.shape("/both", &[0]).is_none());
    assert!(router.choose("/other", ["f@audit"]).is_err(), "it was meant for somebody else");
    let error = only(&mut config(), "nobody").expect_err("not there");
    assert!(error.message.contains("there are: app, audit"), "{error}");
}

#[test]
fn skipping_ends_within_a_record() {
    let lines: String = (0..7).map(|n| format!("2016-09-17T10:28:49.663Z {n}\n")).collect();
    let hints = || Hints { log_group: Some("/g".to_owned()), ..Hints::default() };
    let input = |text: &str| {
        Input::new(std::io::Cursor::new(text.to_owned().into_bytes()), hints()).expect("an input")
    };
    assert_eq!(skip(&mut input(&lines), 0).expect("skipped"), None);
    assert_eq!(skip(&mut input(&lines), 3).expect("skipped").map(|rest| rest.events()), Some(4));
    assert_eq!(skip(&mut input(&lines), 7).expect("skipped"), None);
    let error = skip(&mut input(&lines), 9).expect_err("too many");
    assert!(error.message.contains("ends 2 events before"), "{error}");
}
