//! A setup that is stopped by Ctrl-C, or that fails and takes back what it made.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;

use cwl2le_local::{Call, Fault, Injection, Options, When};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::account::{Account, GROUP, Ground, by_way_of, ended, setup};
use crate::support::python;

const PREPARED: &str = "the stack without its function";

/// An account that a setup finds empty of ours, or with the function and the trigger deleted by hand.
async fn account(ground: &Ground, prepared: bool) -> Account {
    let account = ground.account().await;
    if prepared {
        account.run(&setup(&[])).await.0.ok();
        let lambda = aws_sdk_lambda::Client::new(&account.config);
        let mappings = lambda.list_event_source_mappings().send().await.expect("mappings");
        for mapping in mappings.event_source_mappings.into_iter().flatten() {
            lambda.delete_event_source_mapping().set_uuid(mapping.uuid).send().await.expect("deleted");
        }
        lambda.delete_function().function_name("cwl-to-logentries").send().await.expect("deleted");
    }
    account
}

/// Every call of a clean setup with its number among those of its operation; polls count once.
async fn calls(ground: &Ground, prepared: bool) -> Vec<(Call, usize)> {
    let (ran, calls) = account(ground, prepared).await.run(&setup(&["--log-group", GROUP])).await;
    ran.ok();
    let mut numbers = BTreeMap::new();
    let numbered = calls.into_iter().map(|call| {
        let number = numbers.entry(call.to_string()).or_insert(0);
        *number += 1;
        (call, *number)
    });
    let polls = ["GetFunctionConfiguration", "GetEventSourceMapping"];
    numbered.filter(|(call, number)| *number == 1 || !polls.contains(&call.operation.as_str())).collect()
}

fn is_mutating(call: &Call) -> bool {
    !["Get", "List", "Describe"].iter().any(|read| call.operation.starts_with(read))
}

async fn rolled_back(
    ground: &Ground,
    call: &Call,
    number: usize,
    prepared: bool,
    when: When,
) -> Result<(), String> {
    let account = account(ground, prepared).await;
    let before = account.seen().await;
    let fault = match when {
        When::Before => Fault::access_denied(),
        When::After => Fault::internal(),
    };
    let injection = Injection { of: Some(call.clone()), at: number, times: usize::MAX, when, fault };
    account.proxy.inject(Some(injection));
    let mut command = account.command(&setup(&["--log-group", GROUP, "--rollback"]));
    // Enough for the calls that do not fail, on a busy machine. One that is given up is made again, and then finds what
    // it has made.
    let ran = ended(command.env("CWL2LE_PATIENCE", "5").spawn().expect("cwl2le runs")).await;
    let hint = ran.json()["error"]["hint"].as_str().unwrap_or_default().to_owned();
    if ran.code == 0 || !hint.contains("rolled back") {
        return Err(format!("it did not fail and roll back: {ran:?}"));
    }
    let after = account.seen().await;
    if before != after {
        return Err(format!("there is\n{after:#?}\ninstead of\n{before:#?}\n{ran:?}"));
    }
    let next = account.run(&setup(&["--log-group", GROUP])).await.0;
    if next.code == 0 && account.seen().await == account.whole(true) {
        Ok(())
    } else {
        Err(format!("{next:?}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_leaves_what_was_there_before_and_nothing_else() {
    let ground = Ground::start(Options::default()).await;
    let mut cases = Vec::new();
    for prepared in [false, true] {
        for (call, number) in calls(&ground, prepared).await.into_iter().filter(|(call, _)| is_mutating(call))
        {
            cases.push((call.clone(), number, prepared, When::Before));
            cases.push((call, number, prepared, When::After));
        }
    }
    let (ground, count) = (&ground, cases.len());
    let failures: Vec<String> = stream::iter(cases)
        .map(|(call, number, prepared, when)| async move {
            let failure = rolled_back(ground, &call, number, prepared, when).await.err()?;
            let start = if prepared { PREPARED } else { "nothing" };
            Some(format!("from {start}, {call} #{number} failing {when:?} AWS carried it out: {failure}"))
        })
        .buffer_unordered(3)
        .filter_map(async |failure| failure)
        .collect()
        .await;
    report(&format!("rollback: {count} cases, {} failed\n", failures.len()));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Runs a command that heeds signals, also where whoever runs the tests ignores them: in the background of a shell, or
/// with nohup. A shell cannot undo that.
const HEEDING: &str = "import os, signal, sys
for name in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(name, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";

/// A signal, and then others, while AWS is at this call, which then answers.
async fn stopped(
    ground: &Ground,
    call: &Call,
    number: usize,
    signal: &str,
    then: &[&str],
) -> Result<(), String> {
    let account = account(ground, false).await;
    let (of, when) = (Some(call.clone()), When::After);
    account.proxy.inject(Some(Injection { of, at: number, times: 1, when, fault: Fault::Hold }));
    let args = setup(&["--log-group", GROUP]);
    let mut running =
        by_way_of(&python(), &["-c", HEEDING], &account.command(&args)).spawn().expect("python runs");
    tokio::select! {
        () = account.proxy.hit() => {}
        status = running.wait() => return Err(format!("it ended before the call: {status:?}")),
    }
    let id = running.id().expect("it runs").to_string();
    send(signal, &id).await;
    let mut stderr = BufReader::new(running.stderr.take().expect("piped")).lines();
    while !stderr.next_line().await.expect("text").ok_or("it ended unheard")?.starts_with("stopping ") {}
    for signal in then {
        send(signal, &id).await;
    }
    account.proxy.release();
    running.stderr = Some(stderr.into_inner().into_inner());
    let ran = ended(running).await;
    let error: Value = ran.json()["error"].clone();
    let hint = error["hint"].as_str().unwrap_or_default();
    let says_what_next = hint.contains("again to go on") || hint.contains("same command");
    if ran.code != 130 || error["code"] != "interrupted" || !says_what_next {
        return Err(format!("it did not stop: {ran:?}"));
    }
    let seen = account.seen().await;
    if !account.theirs().iter().all(|line| seen.contains(line)) {
        return Err(format!("what is not ours is gone: {seen:#?}"));
    }
    let next = account.run(&args).await.0;
    if next.code == 0 && account.seen().await == account.whole(true) {
        Ok(())
    } else {
        Err(format!("{next:?}"))
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_the_call_in_flight_and_the_next_setup_completes() {
    let ground = Ground::start(Options::default()).await;
    let mut calls = calls(&ground, false).await;
    // With the last call everything is done.
    calls.pop();
    let (ground, count) = (&ground, calls.len());
    let failures: Vec<String> = stream::iter(calls)
        .map(|(call, number)| async move {
            let failure = stopped(ground, &call, number, "-INT", &[]).await.err()?;
            Some(format!("{call} #{number}: {failure}"))
        })
        .buffer_unordered(3)
        .filter_map(async |failure| failure)
        .collect()
        .await;
    report(&format!("Ctrl-C: {count} cases, {} failed\n", failures.len()));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

async fn send(signal: &str, process: &str) {
    let sent = tokio::process::Command::new("kill").args([signal, process]).status().await;
    assert!(sent.expect("kill runs").success());
}

#[cfg(unix)]
fn create_stream() -> Call {
    Call { service: "kinesis".to_owned(), operation: "CreateStream".to_owned() }
}

/// The shell and the kernel both send SIGHUP.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_terminal_ends_a_run_as_sigterm_does() {
    let ground = Ground::start(Options::default()).await;
    for (signal, then) in [("-HUP", &["-HUP", "-HUP"][..]), ("-TERM", &["-HUP"])] {
        let stopped = stopped(&ground, &create_stream(), 1, signal, then).await;
        stopped.unwrap_or_else(|failure| panic!("{signal}: {failure}"));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn under_nohup_a_run_outlives_its_terminal() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let (of, when) = (Some(create_stream()), When::After);
    account.proxy.inject(Some(Injection { of, at: 1, times: 1, when, fault: Fault::Hold }));
    let nohup = ["-c", r#"trap "" HUP; exec "$@""#, "sh"];
    let running = by_way_of("sh", &nohup, &account.command(&setup(&[]))).spawn().expect("sh runs");
    account.proxy.hit().await;
    send("-HUP", &running.id().expect("it runs").to_string()).await;
    account.proxy.release();
    ended(running).await.ok();
    assert_eq!(account.seen().await, account.whole(false));
}

/// Past the test harness, which shows the output of failed tests only.
fn report(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).expect("written");
}

/// Returns when a process has taken SIGTERM into its own hands.
#[cfg(target_os = "linux")]
async fn listens_to_sigterm(id: u32) {
    const TERM: u64 = 1 << (15 - 1);
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    while caught().is_none_or(|mask| mask & TERM == 0) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn one_signal_ends_the_wait_for_a_token() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let mut command = account.command(&["setup", "--token-file", "-", "--yes"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut running = command.spawn().expect("cwl2le runs");
    // Nobody writes to it, and it stays open.
    let _open = running.stdin.take();
    let id = running.id().expect("it runs");
    listens_to_sigterm(id).await;
    send("-TERM", &id.to_string()).await;
    let stopped = ended(running).await.failed(130, "interrupted");
    assert!(!stopped.stderr.contains("calls in flight"), "{stopped:?}");
    assert_eq!(account.seen().await, account.theirs());
}
