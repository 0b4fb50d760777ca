//! `cwl2le logs` on the local AWS: what a real forwarder says, and following through throttling, a log group that goes
//! and comes back, and readers that leave.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use cwl2le_local::{Fault, Options, Step};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::account::{Account, Ground, by_way_of};
use crate::support::{World, python};

const PATIENCE: Duration = Duration::from_secs(120);
const GROUP: &str = "/app/a";
const FORWARDER: &str = "/aws/lambda/cwl-to-logentries";

/// Ctrl-C counts also where whoever runs the tests ignores it.
const HEEDING: &str = "import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";

#[tokio::test(flavor = "multi_thread")]
async fn each_invocation_of_a_real_forwarder_is_one_line() {
    let world = World::start().await;
    world.create_log_group(GROUP).await;
    world.setup(&["--log-group", GROUP]).await.ok();
    world.put_log_events(GROUP, &["one".to_owned(), "two".to_owned()]).await;
    let arrived = world.log_service.wait_for_lines(2, PATIENCE).await;
    arrived.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(60)));
    let logs = async |args: &[&str]| {
        let mut command = world.command();
        command.arg("logs").args(args);
        let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        let ran: crate::support::Ran = ran.expect("cwl2le runs").into();
        ran.ok()
    };
    // The line of the invocation is written after the delivery.
    let until = tokio::time::Instant::now() + PATIENCE;
    let shown = loop {
        let shown = logs(&["--since", "1h"]).await.stdout;
        if shown.contains("delivered 2 to default") {
            break shown;
        }
        assert!(tokio::time::Instant::now() < until, "{shown}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    assert!(!shown.contains("RequestId") && shown.contains(" UTC\n"), "{shown}");
    assert!(logs(&["--raw"]).await.stdout.contains("START RequestId: "));
    let nothing = logs(&["--destination", "nobody"]).await;
    assert!(
        nothing.stdout.is_empty() && nothing.stderr.contains("no line of that time matches"),
        "{nothing:?}"
    );

    let json = logs(&["--output", "json", "--since", "1h"]).await;
    let lines: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let delivered = |line: &&Value| line["kind"] == "invocation" && line["line"]["EventsDelivered"] == 2;
    let line = lines.iter().find(delivered).unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!((&line["log_group"], &line["level"]), (&json!(FORWARDER), &json!("INFO")));
    let one = logs(&["-n", "1", "--output", "json"]).await;
    assert_eq!(one.stdout.lines().count(), 1);
    assert!(one.stderr.contains(r#""has_more": true"#), "{one:?}");
}

/// An account with nothing but the log group of a forwarder.
async fn account(ground: &Ground) -> Account {
    let account = ground.account().await;
    create(&account).await;
    account
}

async fn create(account: &Account) {
    let logs = account.logs();
    logs.create_log_group().log_group_name(FORWARDER).send().await.expect("a log group");
    for stream in ["a", "b"] {
        let create = logs.create_log_stream().log_group_name(FORWARDER).log_stream_name(stream);
        create.send().await.expect("a log stream");
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    i64::try_from(now).expect("a time")
}

/// The forwarder says something in a log stream, at a time.
async fn say(account: &Account, stream: &str, at: i64, text: &str) {
    let event = InputLogEvent::builder().timestamp(at).message(format!("WARN {text}")).build();
    let put = account.logs().put_log_events().log_group_name(FORWARDER).log_stream_name(stream);
    put.log_events(event.expect("an event")).send().await.expect("events are put");
}

/// `cwl2le logs --follow`, and the lines that it shows.
fn follow(account: &Account, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let command = account.text(&[&["logs", "--follow", "--output", "json"], args].concat());
    let mut running = by_way_of(&python(), &["-c", HEEDING], &command).spawn().expect("python runs");
    let lines = BufReader::new(running.stdout.take().expect("piped")).lines();
    (running, lines)
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("a line in time");
    let line: Value = serde_json::from_str(&line.expect("text").expect("a line")).expect("JSON");
    line["line"].as_str().expect("a text").to_owned()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn following_shows_each_line_once_through_throttling_and_a_new_log_group() {
    let ground = Ground::start(Options::default()).await;
    let account = account(&ground).await;
    let time = now() - 5_000;
    say(&account, "a", time, "first").await;
    say(&account, "b", time, "same time").await;
    let (mut running, mut lines) = follow(&account, &["--since", "1h"]);
    let mut both = [next(&mut lines).await, next(&mut lines).await];
    both.sort();
    assert_eq!(both, ["WARN first", "WARN same time"]);

    // AWS asks for fewer calls, and has faults of its own.
    let steps = [Step::before(2, Fault::throttled()), Step::before(1, Fault::internal())];
    account.proxy.script("FilterLogEvents", steps);
    say(&account, "a", time, "same time, later").await;
    assert_eq!(next(&mut lines).await, "WARN same time, later");
    say(&account, "b", time - 3_000, "older, in another stream").await;
    assert_eq!(next(&mut lines).await, "WARN older, in another stream");
    assert_eq!(account.proxy.script_left(), 0);

    account.logs().delete_log_group().log_group_name(FORWARDER).send().await.expect("deleted");
    let mut told = BufReader::new(running.stderr.take().expect("piped")).lines();
    let heard = async |part: &str, told: &mut Lines<_>| {
        while !told.next_line().await.expect("text").expect("it goes on").contains(part) {}
    };
    tokio::time::timeout(PATIENCE, heard("waiting for /aws/lambda/", &mut told)).await.expect("told in time");
    create(&account).await;
    say(&account, "a", now(), "again").await;
    assert_eq!(next(&mut lines).await, "WARN again");

    // Ctrl-C is how this ends, so it is a success; and nothing was shown twice.
    let id = running.id().expect("it runs").to_string();
    let sent = tokio::process::Command::new("kill").args(["-INT", &id]).status().await;
    assert!(sent.expect("kill runs").success());
    let status = tokio::time::timeout(PATIENCE, running.wait()).await.expect("it ends in time");
    assert_eq!(status.expect("it ends").code(), Some(0));
    assert_eq!(lines.next_line().await.expect("text"), None);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_leaves_ends_it_and_what_cannot_be_read_is_an_error() {
    let ground = Ground::start(Options::default()).await;
    let account = account(&ground).await;
    say(&account, "a", now(), "first").await;
    let (mut running, mut lines) = follow(&account, &[]);
    assert_eq!(next(&mut lines).await, "WARN first");
    drop(lines);
    say(&account, "a", now(), "second").await;
    let status = tokio::time::timeout(PATIENCE, running.wait()).await.expect("it ends in time");
    assert_eq!(status.expect("it ends").code(), Some(0));

    account.proxy.script("FilterLogEvents", [Step::before(1, Fault::access_denied())]);
    let failed = async |args: &[&str]| {
        let ran = account.run(args).await.0;
        (ran.code, ran.report()["error"].clone())
    };
    let (code, error) = failed(&["logs"]).await;
    assert_eq!((code, &error["code"]), (4, &json!("access-denied")), "{error}");
    let (code, error) = failed(&["logs", "--since", "1h", "--until", "2h"]).await;
    assert_eq!((code, &error["code"]), (2, &json!("usage")), "{error}");
    let (code, error) = failed(&["logs", "--stack", "other"]).await;
    assert_eq!((code, &error["code"]), (6, &json!("unknown-log-group")), "{error}");
    assert!(
        error["hint"].as_str().is_some_and(|hint| hint.contains("cwl2le status --stack other")),
        "{error}"
    );
    // Functions that may not be looked at are no reason not to read the log.
    account.proxy.script("GetFunction", [Step::before(1, Fault::access_denied())]);
    let ran = account.run(&["logs"]).await.0.ok();
    assert!(ran.stdout.contains("WARN first") && ran.stderr.contains("note: only /aws/lambda/"), "{ran:?}");
}
