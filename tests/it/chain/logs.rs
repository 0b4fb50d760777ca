//! `cwl2le logs` on the local AWS: what a real forwarder says, and following through throttling, a log group that goes
//! and comes back, and readers that leave.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use cwl2le_local::log_service::{Fault as LogFault, LogService, Options as Service, Transport};
use cwl2le_local::{Fault, Options, Step};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::support::account::{Account, Ground, by_way_of};
use crate::support::{Ran, TOKEN, World, python};

const PATIENCE: Duration = Duration::from_secs(120);
const GROUP: &str = "/app/a";
const AUDIT: &str = "/audit/a";
const FORWARDER: &str = "/aws/lambda/cwl-to-logentries";

/// Ctrl-C counts also where whoever runs the tests ignores it.
const HEEDING: &str = "import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";

/// A chain with two functions: `app` gets what no route takes, `audit` has a function of its own.
fn config(world: &World, audit: &LogService) -> String {
    let (app, audit, ca) = (world.log_service.address(), audit.address(), world.ca_file.path().display());
    format!(
        "default_destination = \"app\"\n[trigger]\nbatch_window = 0\n\
         [destinations.app]\ntype = \"logentries\"\nendpoint = \"{app}\"\nca_file = \"{ca}\"\ntoken = \"{TOKEN}\"\n\
         [destinations.audit]\ntype = \"logentries\"\nendpoint = \"{audit}\"\ntls = false\ntoken = \"{TOKEN}\"\n\
         isolated = true\n\
         [[routes]]\nlog_group = \"/audit/*\"\ndestination = \"audit\"\n\
         [[subscriptions]]\nlog_groups = [\"{GROUP}\", \"{AUDIT}\"]\n"
    )
}

/// `cwl2le logs`, as it is typed.
async fn logs(world: &World, file: &str, args: &[&str]) -> Ran {
    let mut command = world.command();
    command.args(["--config", file, "logs"]).args(args);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    Ran::from(ran.expect("cwl2le runs")).ok()
}

/// Runs it until it shows a line with each of these texts.
async fn until_shown(world: &World, file: &str, texts: &[&str]) -> String {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let shown = logs(world, file, &["--since", "1h"]).await.stdout;
        if shown.lines().any(|line| texts.iter().all(|text| line.contains(text))) {
            return shown;
        }
        assert!(tokio::time::Instant::now() < end, "no line with {texts:?}:\n{shown}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_invocation_of_real_forwarders_is_one_line() {
    let world = World::start().await;
    let audit = LogService::start(Service::with_transport(Transport::Plain)).expect("a log service");
    for group in [GROUP, AUDIT] {
        world.create_log_group(group).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml").display().to_string();
    std::fs::write(&file, config(&world, &audit)).expect("written");
    world.run(&["--config", &file, "setup", "--yes"]).await.ok();
    let put = async |group: &str, count: usize| {
        let messages: Vec<String> = (0..count).map(|number| format!("line {number}")).collect();
        world.put_log_events(group, &messages).await;
    };
    put(GROUP, 2).await;
    put(AUDIT, 3).await;
    until_shown(&world, &file, &["-      delivered 2 to app ("]).await;
    until_shown(&world, &file, &["audit  delivered 3 to audit ("]).await;
    // The log service is away, and comes back.
    world.log_service.set_fault(LogFault::Refuse);
    put(GROUP, 5).await;
    until_shown(&world, &file, &["-      WARN  app: ", "delivered 0 of 5", "5 will be sent again"]).await;
    world.log_service.set_fault(LogFault::None);
    let shown = until_shown(&world, &file, &["delivered 5 to app ("]).await;
    assert!(!shown.contains("RequestId") && shown.contains(" UTC\n"), "{shown}");
    // The notes of a failed delivery say nothing that its line does not say.
    assert!(!shown.contains("did not accept") && !shown.contains("not everything was delivered"), "{shown}");

    assert!(logs(&world, &file, &["--raw"]).await.stdout.contains("START RequestId: "));
    let warnings = logs(&world, &file, &["--level", "warn", "--destination", "app"]).await.stdout;
    assert!(warnings.lines().skip(1).all(|line| line.contains("  WARN  app: ")), "{warnings}");
    let nothing = logs(&world, &file, &["--destination", "nobody"]).await;
    assert!(
        nothing.stdout.is_empty() && nothing.stderr.contains("no line of that time matches"),
        "{nothing:?}"
    );
    assert!(
        nothing.stderr.contains("no destination `nobody`: its destinations are app, audit"),
        "{nothing:?}"
    );
    let misspelt = logs(&world, &file, &["--destination", "audti"]).await.stderr;
    assert!(misspelt.contains("did you mean `audit`?"), "{misspelt}");

    let json = logs(&world, &file, &["--output", "json", "--since", "1h"]).await;
    let lines: Vec<Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let delivered = |line: &&Value| line["kind"] == "invocation" && line["line"]["EventsDelivered"] == 2;
    let line = lines.iter().find(delivered).unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!((&line["log_group"], &line["level"]), (&json!(FORWARDER), &json!("INFO")));
    let one = logs(&world, &file, &["-n", "1", "--output", "json"]).await;
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
    assert_eq!((code, &error["code"]), (6, &json!("not-found")), "{error}");
    assert!(
        error["hint"].as_str().is_some_and(|hint| hint.contains("cwl2le setup --stack other")),
        "{error}"
    );
    // Functions that may not be looked at are no reason not to read the log.
    account.proxy.script("GetFunction", [Step::before(1, Fault::access_denied())]);
    let ran = account.run(&["logs"]).await.0.ok();
    assert!(ran.stdout.contains("WARN first") && ran.stderr.contains("note: only /aws/lambda/"), "{ran:?}");
}
