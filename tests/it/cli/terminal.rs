//! What a person sees and is asked on a terminal, and what is not shown elsewhere.

#![cfg(unix)]

use std::io::{Read, Write};
use std::process::Stdio;

use cwl2le_local::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::support::account::{Account, GROUP, Ground, ended, setup};
use crate::support::{self, REGION, Ran, cwl2le};

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
    let program = account.text(&[]).as_std().get_program().to_string_lossy().into_owned();
    in_terminal(account, answer, &[&[program.as_str()], args].concat())
}

/// Any command line on a terminal, with the environment of `cwl2le`.
fn in_terminal(account: &Account, answer: &str, command_line: &[&str]) -> Command {
    let run = account.text(&[]);
    let run = run.as_std();
    let python = support::python();
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/terminal.py"));
    command.args(["[y/N]", answer]).args(command_line);
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
    for said in ["the account was changed by someone else", "kept: ", "cwl2le teardown"] {
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
    assert!(ran.stdout.contains("this run changed nothing"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_not_answered_with_yes_changes_nothing() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let from_nothing = setup(&["--log-group", GROUP]);
    for (answer, code, says) in [
        ("n\n", 12, "\r\nCancelled. Nothing was changed.\r\n"),
        ("\n", 12, "\r\nCancelled. Nothing was changed.\r\n"),
        ("nonsense\n", 12, "\r\nCancelled. Nothing was changed.\r\n"),
        // Ctrl-D: nobody answers.
        ("\u{4}", 12, "\r\nCancelled. Nothing was changed.\r\n"),
        ("^C", 130, "stopped; nothing was changed\r\n"),
    ] {
        let ran = on_a_terminal(&account, answer, &from_nothing).await;
        assert_eq!(ran.code, code, "{answer:?}: {ran:?}");
        assert!(ran.stdout.contains("Make these changes? [y/N]") && ran.stdout.contains(says), "{ran:?}");
        // To decline is no error, and to stop at the question stops nothing else.
        assert_eq!(ran.stdout.contains("error:"), code == 130, "{answer:?}: {ran:?}");
        assert!(!ran.stdout.contains("calls in flight"), "{ran:?}");
        assert_eq!(account.seen().await, account.theirs(), "after {answer:?}");
    }

    let ran = on_a_terminal(&account, "y\n", &from_nothing).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.whole(true));
    // What there is to show is in colour on a terminal.
    assert!(ran.stdout.contains(ESCAPE), "{ran:?}");

    for (answer, code) in [("n\n", 12), ("^C", 130)] {
        let ran = on_a_terminal(&account, answer, &["teardown"]).await;
        assert_eq!(ran.code, code, "{answer:?}: {ran:?}");
        assert!(
            ran.stdout.contains("Delete these 7 resources of stack `default`? [y/N]")
                && ran.stdout.to_lowercase().contains("nothing was changed"),
            "{ran:?}"
        );
        assert_eq!(account.seen().await, account.whole(true), "after {answer:?}");
    }
    let ran = on_a_terminal(&account, "yes\n", &["teardown"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.theirs());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_before_the_question_does_not_answer_it() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let from_nothing = setup(&["--log-group", GROUP]);
    let mut impatient = terminal(&account, "n\n", &from_nothing);
    let ran = ended(impatient.env("TYPED_AHEAD", "y\n").spawn().expect("python runs")).await;
    assert_eq!(ran.code, 12, "{ran:?}");
    assert_eq!(account.seen().await, account.theirs());

    // A token that is typed in is read once, though the plan is made twice.
    let mut typed = terminal(
        &account,
        "y\n",
        &["setup", "--token-file", "-", "--logentries-endpoint", "127.0.0.1:1", "--logentries-plain"],
    );
    let token = format!("{}\n\u{4}", support::TOKEN);
    let ran = ended(typed.env("TYPED_AHEAD", token).spawn().expect("python runs")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.whole(false));
}

/// What `cwl2le ARGS` ends with where nobody can be asked.
async fn unattended(account: &Account, args: &[&str]) -> Ran {
    ended(account.text(&[&["--output", "json"], args].concat()).spawn().expect("cwl2le runs")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_every_change_needs_yes() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let from_nothing = setup(&["--log-group", GROUP]);
    let steps: [(&[&str], Vec<String>); 5] = [
        (&from_nothing, account.whole(true)),
        (&["setup", "--memory", "512"], account.whole(true)),
        (&["unsubscribe", "--match", "/app/*"], account.whole(false)),
        (&["subscribe", "--match", "/app/*", "--filter-name", "cloudwatchLogsFilter"], account.whole(true)),
        (&["teardown"], account.theirs()),
    ];
    let mut before = account.theirs();
    for (args, after) in steps {
        let refused = unattended(&account, args).await.failed(3, "not-confirmed");
        assert_eq!(account.seen().await, before, "{args:?}");
        assert!(!refused.json()["plan"]["steps"].as_array().expect("the plan").is_empty(), "{refused:?}");
        let hint = refused.json()["error"]["hint"].as_str().expect("a hint").to_owned();
        let command = hint.split('`').nth(1).expect("a command");
        let words = shlex::split(command).expect("words of a shell");
        let typed: Vec<&str> =
            args.iter().map(|arg| if *arg == support::TOKEN { "<token>" } else { arg }).collect();
        assert_eq!(words[3..], [&typed[..], &["--yes"]].concat());
        assert_eq!(hint.contains("--token-file"), args.contains(&"--token"), "{hint}");

        if args[0] != "teardown" {
            let only_shown = unattended(&account, &[args, &["--dry-run"]].concat()).await.ok();
            assert_eq!(only_shown.json()["changed"], true, "{args:?}");
            assert_eq!(account.seen().await, before, "{args:?}");
        }
        let (ran, calls) = account.run(args).await;
        ran.ok();
        // Nobody was asked, so nothing is read twice.
        let reads = calls.iter().filter(|call| call.operation == "DescribeAccountPolicies").count();
        assert_eq!(reads, 1, "{args:?}");
        assert_eq!(account.seen().await, after, "{args:?}");
        // Where nothing changes there is nothing to confirm.
        assert_eq!(unattended(&account, args).await.ok().json()["changed"], false, "{args:?}");
        before = after;
    }
}

/// The answer that is typed into a terminal does not help where the plan goes elsewhere, and the other way round.
#[tokio::test(flavor = "multi_thread")]
async fn both_the_question_and_the_answer_need_a_terminal() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    for redirected in ["2>&1 | cat", "</dev/null", "2>/dev/null"] {
        let program = account.text(&[]).as_std().get_program().to_string_lossy().into_owned();
        let line = format!("{program} unsubscribe --match '/app/*' {redirected}; exit ${{PIPESTATUS[0]}}");
        let ran =
            ended(in_terminal(&account, "y\n", &["bash", "-c", &line]).spawn().expect("python runs")).await;
        assert_eq!(ran.code, 3, "{redirected}: {ran:?}");
        assert!(!ran.stdout.contains("[y/N]"), "{redirected}: {ran:?}");
        assert_eq!(account.seen().await, account.whole(true), "{redirected}");
    }
    // The report may go elsewhere.
    let program = account.text(&[]).as_std().get_program().to_string_lossy().into_owned();
    let line = format!("{program} unsubscribe --match '/app/*' >/dev/null");
    let ran = ended(in_terminal(&account, "y\n", &["bash", "-c", &line]).spawn().expect("python runs")).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(account.seen().await, account.whole(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_is_shown_whatever_is_quiet_and_a_no_is_one_json_document() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let asked = [&["--quiet", "--output", "json"], &setup(&[])[..]].concat();
    let ran = on_a_terminal(&account, "n\n", &asked).await;
    assert_eq!(ran.code, 12, "{ran:?}");
    let (question, document) = ran.stdout.split_once("[y/N] ").expect("a question");
    let question = question.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(question.contains("+ stream cloudwatch-logs-stream"), "{ran:?}");
    let document: serde_json::Value =
        serde_json::from_str(&document[document.find('{').expect("JSON")..]).expect("one document");
    assert_eq!(
        (&document["command"], &document["cancelled"], &document["changed"]),
        (&"setup".into(), &true.into(), &false.into()),
        "{document}"
    );
    assert!(document.get("error").is_none(), "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_shows_the_report_alone_and_nothing_is_coloured_that_must_not_be() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let run = async |args: &[&str], env: &[(&str, &str)]| {
        let mut command = account.text(&support::confirmed(args));
        command.envs(env.iter().copied());
        ended(command.spawn().expect("cwl2le runs")).await
    };
    let quiet = run(&[&["--quiet"], &setup(&[])[..]].concat(), &[]).await.ok();
    assert_eq!(quiet.stderr, "");
    assert!(quiet.stdout.starts_with("Ready. 7 created in "), "{quiet:?}");
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
        (vec!["package", "--arch", cwl2le::bundle::preferred().as_str(), "--to", &zip], 0),
        (vec!["man", "--to", &pages], 0),
        (vec!["unsubscribe", "--log-group", GROUP], 0),
        (vec!["teardown"], 0),
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
    let none = ["no AWS credentials found", "profile `default`", "hint: sign in with `aws configure`"];
    let no_profile = ["there is no AWS profile `payments`", "no profile is configured", "`aws configure`"];
    for (profile, says) in [(None, none), (Some("payments"), no_profile)] {
        let mut command = cwl2le();
        command.args(["status", "--region", "eu-west-1"]).env("HOME", home.path());
        if let Some(profile) = profile {
            command.env("AWS_PROFILE", profile);
        }
        let ran: Ran = command.output().expect("cwl2le runs").into();
        assert_eq!(ran.code, 4, "{ran:?}");
        for said in says {
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
    assert!(ran.stderr.contains("no AWS credentials found"), "{ran:?}");
}
