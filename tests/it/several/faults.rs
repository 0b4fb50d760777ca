//! One environment fails, and the others do not; a stop ends all of them.

use cwl2le_local::{Call, Fault, Injection, Options, When};
use serde_json::Value;

use super::ground::{Places, environments};
use crate::support::account::{by_way_of, ended};
use crate::support::{TOKEN, python};

fn call(service: &str, operation: &str) -> Call {
    Call { service: service.to_owned(), operation: operation.to_owned() }
}

/// The exit codes, by environment.
fn exits(found: &[(String, i64, Value)]) -> Vec<(&str, i64)> {
    found.iter().map(|(name, exit, _)| (name.as_str(), *exit)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_in_the_middle_does_not_stop_the_other() {
    let places = Places::start().await;
    let of = Some(call("lambda", "CreateFunction"));
    let fault = Fault::access_denied();
    places.home.proxy.inject(Some(Injection { of, at: 1, times: 1, when: When::Before, fault }));
    let ran = places.run(&["--output", "json", "--env", "dev,prod", "setup"]).await;
    assert_eq!(ran.code, 4, "{ran:?}");
    let document = ran.json();
    let found = environments(&document);
    let failed: Vec<&(String, i64, Value)> = found.iter().filter(|(_, exit, _)| *exit != 0).collect();
    let [(name, 4, error)] = failed[..] else { panic!("{found:?}") };
    assert_eq!(error["error"]["code"], "access-denied", "{error:#}");
    let done = found.iter().find(|(_, exit, _)| *exit == 0).expect("the other one");
    assert_eq!(done.2["changed"], true);
    // The next command is for the one that failed, with the flags of the run.
    let next = document["next"][0]["command"].as_str().expect("a command");
    assert!(next.ends_with(&format!("--yes --env {name}")) && !next.contains("dev,prod"), "{next}");
    places.home.proxy.inject(None);
    let again = environments(&places.run(&["--output", "json", "--env", "*", "setup"]).await.ok().json());
    assert_eq!(exits(&again), [("dev", 0), ("prod", 0), ("test", 0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_trust_the_caller_says_what_its_policy_lacks() {
    for auth in [false, true] {
        let options = Options { auth, ..Options::default() };
        let places = Places::with(options, |statement| {
            statement["Condition"]["StringEquals"]["sts:ExternalId"] = "another".into();
        })
        .await;
        let ran = places.run(&["--env", "*", "setup"]).await;
        assert_eq!(ran.code, 4, "{ran:?}");
        let role = format!("arn:aws:iam::{}:role/deploy", places.away.id);
        let caller = format!("arn:aws:iam::{}:root", places.home.id);
        let text: String = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("cannot assume the role {role} as {caller}: User:")), "{text}");
        assert!(text.contains("\"sts:ExternalId\":\"cwl2le-4711\""), "{text}");
        assert!(
            text.contains("✓ dev") && text.contains("✗ prod") && text.contains("2 of 3 environments"),
            "{text}"
        );
        assert!(!Places::ours(&places.home).await.is_empty());
        assert!(Places::ours(&places.away).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_every_plan_is_shown_and_none_is_carried_out() {
    let places = Places::start().await;
    let mut command = places.home.text(&["--output", "json", "--all-envs", "setup"]);
    command.env_remove("AWS_REGION").env("LE_TOKEN", TOKEN).current_dir(places.folder.path());
    let ran = ended(command.spawn().expect("cwl2le runs")).await;
    assert_eq!(ran.code, 3, "{ran:?}");
    let found = environments(&ran.json());
    assert_eq!(exits(&found), [("dev", 3), ("prod", 3), ("test", 3)]);
    assert!(found.iter().all(|(.., document)| document["error"]["code"] == "not-confirmed"), "{found:?}");
    assert!(Places::ours(&places.home).await.is_empty() && Places::ours(&places.away).await.is_empty());
}

/// Runs a command that heeds signals, also where whoever runs the tests ignores them.
const HEEDING: &str = "import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])";

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_all_of_them_and_each_says_what_it_did() {
    let places = Places::start().await;
    let of = Some(call("lambda", "CreateFunction"));
    places.home.proxy.inject(Some(Injection { of, at: 1, times: 1, when: When::After, fault: Fault::Hold }));
    let args = ["--output", "json", "--env", "dev,prod", "setup"];
    let mut running = by_way_of(&python(), &["-c", HEEDING], &places.command(&args));
    let mut running = running.current_dir(places.folder.path()).spawn().expect("python runs");
    tokio::select! {
        () = places.home.proxy.hit() => {}
        status = running.wait() => panic!("it ended before the call: {status:?}"),
    }
    let id = running.id().expect("it runs").to_string();
    let sent = tokio::process::Command::new("kill").args(["-INT", &id]).status().await;
    assert!(sent.expect("kill runs").success());
    let mut stderr = tokio::io::BufReader::new(running.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.starts_with("stopping ") {
        line.clear();
        let read = tokio::io::AsyncBufReadExt::read_line(&mut stderr, &mut line).await.expect("text");
        assert_ne!(read, 0, "it ended unheard");
    }
    places.home.proxy.release();
    running.stderr = Some(stderr.into_inner());
    let ran = ended(running).await;
    assert_eq!(ran.code, 130, "{ran:?}");
    let found = environments(&ran.json());
    let stopped: Vec<&Value> =
        found.iter().filter(|(_, exit, _)| *exit == 130).map(|(.., document)| document).collect();
    assert!(!stopped.is_empty(), "{found:?}");
    for document in stopped {
        assert_eq!(document["error"]["code"], "interrupted", "{document:#}");
        let message = document["error"]["message"].as_str().expect("text");
        assert!(message.contains("done"), "it says how far it came: {message}");
    }
    places.home.proxy.inject(None);
    places.run(&["--env", "dev,prod", "setup"]).await.ok();
}
