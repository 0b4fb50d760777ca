//! What a person sees and is asked on a terminal, and what is not shown elsewhere.

#![cfg(unix)]

#[path = "support/account.rs"]
mod account;
mod support;

use std::io::{Read, Write};
use std::process::Stdio;

use account::{Account, GROUP, Ground, ended, setup};
use cwl2le_local::Options;
use support::{REGION, Ran, cwl2le};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

const ESCAPE: char = '\u{1b}';

/// Runs `cwl2le ARGS` on a terminal and types `answer` when it asks.
async fn on_a_terminal(account: &Account, answer: &str, args: &[&str]) -> Ran {
    ended(terminal(account, answer, args).spawn().expect("python runs")).await
}

/// Runs `cwl2le ARGS` on a terminal, and types yes when it asks and `meanwhile` is done.
async fn answered_late(account: &Account, args: &[&str], meanwhile: impl Future<Output = ()>) -> Ran {
    let mut running = terminal(account, "-", args).stdin(Stdio::piped()).spawn().expect("python runs");
    let mut asked = [0; 6];
    let told = running.stderr.as_mut().expect("a pipe").read_exact(&mut asked).await;
    assert!(told.is_ok() && asked == *b"asked\n", "{told:?}");
    meanwhile.await;
    running.stdin.take().expect("a pipe").write_all(b"y\n").await.expect("it reads");
    ended(running).await
}

fn terminal(account: &Account, answer: &str, args: &[&str]) -> Command {
    let run = account.text(args);
    let run = run.as_std();
    let python = std::env::var("CWL2LE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/terminal.py"));
    command.args(["[y/N]", answer]).arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changes_while_the_question_is_open_is_shown_and_not_applied() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    let arn = |what: &str, name: &str| format!("arn:aws:{what}:{}:{name}", account.id);
    let theirs = account.logs().put_subscription_filter().log_group_name(GROUP).filter_name("late");
    let theirs = theirs.filter_pattern("").role_arn(arn("iam:", "role/cwl-to-kinesis"));
    let stream = arn(&format!("kinesis:{REGION}"), "stream/cloudwatch-logs-stream");
    let ran = answered_late(&account, &["teardown"], async {
        // There is room for one more.
        account.run(&["unsubscribe", "--log-group", GROUP]).await.0.ok();
        theirs.destination_arn(&stream).send().await.expect("a filter");
    })
    .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    for said in [
        "somebody else changed what there is",
        "keep stream cloudwatch-logs-stream",
        "`cwl2le teardown` again",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {ran:?}");
    }
    let mut left = account.whole(false);
    left.push(format!("filter {GROUP} late {stream} ``"));
    left.sort();
    assert_eq!(account.seen().await, left);

    // What adds goes by what was shown, too.
    let add = ["subscribe", "--log-group", "/app/other"];
    account.logs().create_log_group().log_group_name("/app/other").send().await.expect("a log group");
    let ran = answered_late(&account, &add, async {
        account.run(&add).await.0.ok();
    })
    .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("nothing was changed by this run"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_not_answered_with_yes_changes_nothing() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let from_nothing = setup(&["--log-group", GROUP]);
    for (answer, code, says) in [
        ("n\n", 3, "nothing was changed"),
        ("\n", 3, "nothing was changed"),
        ("nonsense\n", 3, "nothing was changed"),
        // Ctrl-D: nobody answers.
        ("\u{4}", 3, "nothing was changed"),
        ("^C", 130, "nothing was changed"),
    ] {
        let ran = on_a_terminal(&account, answer, &from_nothing).await;
        assert_eq!(ran.code, code, "{answer:?}: {ran:?}");
        assert!(ran.stdout.contains("Make these changes? [y/N]") && ran.stdout.contains(says), "{ran:?}");
        assert_eq!(account.seen().await, account.theirs(), "after {answer:?}");
    }

    let ran = on_a_terminal(&account, "y\n", &from_nothing).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.whole(true));
    // What there is to show is in colour on a terminal.
    assert!(ran.stdout.contains(ESCAPE), "{ran:?}");

    for (answer, code) in [("n\n", 3), ("^C", 130)] {
        let ran = on_a_terminal(&account, answer, &["teardown"]).await;
        assert_eq!(ran.code, code, "{answer:?}: {ran:?}");
        assert!(ran.stdout.contains("Remove these") && ran.stdout.contains("nothing was changed"), "{ran:?}");
        assert_eq!(account.seen().await, account.whole(true), "after {answer:?}");
    }
    let ran = on_a_terminal(&account, "yes\n", &["teardown"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.theirs());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_setup_goes_on_and_teardown_needs_yes() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let (ran, calls) = account.run(&setup(&[])).await;
    ran.ok();
    // Nobody was asked, so nothing is read twice.
    assert_eq!(calls.iter().filter(|call| call.operation == "DescribeAccountPolicies").count(), 1);
    let refused = account.run(&["teardown"]).await.0.failed(3, "not-confirmed");
    assert!(
        refused.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("--yes")),
        "{refused:?}"
    );
    assert_eq!(account.seen().await, account.whole(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_shows_the_report_alone_and_nothing_is_coloured_that_must_not_be() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let run = async |args: &[&str], env: &[(&str, &str)]| {
        let mut command = account.text(args);
        command.envs(env.iter().copied());
        ended(command.spawn().expect("cwl2le runs")).await
    };
    let quiet = run(&[&["--quiet"], &setup(&[])[..]].concat(), &[]).await.ok();
    assert_eq!(quiet.stderr, "");
    assert!(quiet.stdout.starts_with("stack `default` in "), "{quiet:?}");
    let quiet = run(&["--quiet", "unsubscribe", "--log-group", "/nobody"], &[]).await;
    assert_eq!((quiet.code, quiet.stdout.as_str()), (6, ""));
    // An error is no progress.
    assert!(quiet.stderr.starts_with("error: "), "{quiet:?}");

    let loud = run(&["status"], &[]).await.ok();
    assert!(loud.stderr.contains("account ") && !loud.stderr.contains(ESCAPE), "{loud:?}");
    for (args, env, coloured) in [
        (vec!["unsubscribe", "--log-group", "/nobody"], vec![("CLICOLOR_FORCE", "1")], true),
        (
            vec!["unsubscribe", "--log-group", "/nobody"],
            vec![("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            false,
        ),
        (vec!["--color", "always", "unsubscribe", "--log-group", "/nobody"], vec![("NO_COLOR", "1")], true),
        (
            vec!["--color", "never", "unsubscribe", "--log-group", "/nobody"],
            vec![("CLICOLOR_FORCE", "1")],
            false,
        ),
    ] {
        let ran = run(&args, &env).await;
        assert_eq!(ran.stderr.contains(ESCAPE), coloured, "{args:?} {env:?}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_verb_prints_one_json_document_whatever_happens() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("new.toml").display().to_string();
    let (zip, pages) =
        (folder.path().join("f.zip").display().to_string(), folder.path().display().to_string());
    // In this order: each finds what the one before left.
    let runs: Vec<(Vec<&str>, i32)> = vec![
        ([&["plan"], &setup(&[])[1..]].concat(), 8),
        (setup(&["--dry-run"]), 0),
        (vec!["subscribe", "--log-group", GROUP], 6),
        (vec!["setup"], 2),
        (setup(&[]), 0),
        (setup(&["--shards", "0"]), 2),
        (vec!["subscribe", "--log-group", GROUP], 0),
        (vec!["subscribe", "--log-group", "/nobody"], 6),
        (vec!["subscribe", "--log-group", "/aws/lambda/cwl-to-logentries"], 3),
        (vec!["status"], 0),
        (vec!["status", "--check"], 0),
        (vec!["policies"], 0),
        (vec!["init", "--to", &file, "--from-account"], 0),
        (vec!["init", "--to", &file], 2),
        (vec!["plan", "--config", "/nobody.toml"], 2),
        (vec!["package", "--to", &zip], 0),
        (vec!["man", "--to", &pages], 0),
        (vec!["unsubscribe", "--log-group", GROUP], 0),
        (vec!["teardown"], 3),
        (vec!["teardown", "--yes"], 0),
        (vec!["nonsense"], 2),
    ];
    for (args, code) in runs {
        let ran = account.run(&args).await.0;
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        let document = ran.json();
        assert!(document.is_object(), "{args:?}: {document}");
        assert_eq!(document.get("error").is_some(), !matches!(code, 0 | 8), "{args:?}: {document}");
        // Seconds are for people.
        if let Some(seconds) = document["seconds"].as_f64() {
            assert_eq!((seconds * 1000.0).round() / 1000.0, seconds, "{args:?}");
        }
    }
}

#[tokio::test]
async fn without_credentials_it_is_said_in_plain_words_what_to_do() {
    let home = tempfile::tempdir().expect("a folder");
    for (profile, names) in [(None, "default profile"), (Some("payments"), "profile `payments`")] {
        let mut command = cwl2le();
        command.args(["status", "--region", "eu-west-1"]).env("HOME", home.path());
        if let Some(profile) = profile {
            command.env("AWS_PROFILE", profile);
        }
        let ran: Ran = command.output().expect("cwl2le runs").into();
        assert_eq!(ran.code, 4, "{ran:?}");
        for said in ["no AWS credentials were found", names, "hint: run `aws configure`"] {
            assert!(ran.stderr.contains(said), "{said}: {ran:?}");
        }
        for noise in ["provider", "Attempted", "IMDS", "GetCallerIdentity"] {
            assert!(!ran.stderr.contains(noise), "{noise}: {ran:?}");
        }
    }
}

/// As on an instance of AWS that has no role, or whose metadata service is switched off.
#[tokio::test]
async fn a_metadata_service_that_forbids_is_no_sign_of_bad_credentials() {
    let service = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", service.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in service.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 1024]);
            let _ =
                stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let mut command = cwl2le();
    command.args(["status", "--region", "eu-west-1"]);
    command.env("AWS_EC2_METADATA_DISABLED", "false").env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
    let ran: Ran = command.output().expect("cwl2le runs").into();
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.stderr.contains("no AWS credentials were found"), "{ran:?}");
}
