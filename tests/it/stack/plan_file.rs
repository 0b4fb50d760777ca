//! `plan --out FILE` and `setup FILE`: what was reviewed is applied, on another machine as well, and nothing else.

use std::path::Path;
use std::process::Command;

use cwl2le_local::{Call, Fault, Injection, Options, When};
use serde_json::{Value, json};

use crate::support::account::{self, GROUP, Ground, setup};
use crate::support::{Ran, TOKEN, World, named};

const OTHER_TOKEN: &str = "76543210-89ab-cdef-0123-456789abcdef";

/// Runs `cwl2le --output json ARGS` in a folder, with nothing but the credentials in the environment.
async fn run(world: &World, folder: &Path, args: &[&str], change: impl FnOnce(&mut Command)) -> Ran {
    let mut command = world.command();
    command.env_remove("AWS_REGION").current_dir(folder).args(["--output", "json"]).args(args);
    change(&mut command);
    tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into())
        .await
        .expect("no panic")
}

#[track_caller]
fn ended(ran: &Ran, code: i32) -> Value {
    assert_eq!(ran.code, code, "stdout:\n{}\nstderr:\n{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "a token was shown: {ran:?}");
    ran.json()
}

fn changes(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = report["changes"].as_array().into_iter().flatten();
    steps.map(|step| (text(&step["verb"]), text(&step["resource"]["name"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_makes_the_reviewed_changes_and_no_others() {
    let world = World::start().await;
    let address = world.log_service.address();
    let config = format!(
        "region = \"ap-northeast-1\"\n[destinations.app]\ntype = \"logentries\"\nendpoint = \"{address}\"\n\
         token = {{ env = \"LE_TOKEN\" }}\n[env.prod]\nstack = \"prod\"\n[env.prod.stream]\nretention_hours = 48\n"
    );
    let (here, there) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (here, there) = (here.path(), there.path());
    std::fs::write(here.join("cwl2le.toml"), config).expect("written");
    let file = there.join("plan.json").display().to_string();
    let with_token = |command: &mut Command| {
        command.env("LE_TOKEN", TOKEN);
    };
    let plan = async |shards: &str| {
        let args = ["plan", "--env", "prod", "--shards", shards, "--out", &file];
        ended(&run(&world, here, &args, with_token).await, 8)
    };

    // It is not written over what is no plan, and holds no token.
    let over = run(&world, here, &["plan", "--out", "cwl2le.toml"], with_token).await;
    let over = ended(&over, 2);
    assert!(over["error"]["message"].as_str().is_some_and(|said| said.contains("no plan file")), "{over:#}");
    let planned = plan("1").await;
    assert_eq!(
        (&planned["plan_file"], &planned["next"][0]["command"]),
        (&json!(file), &json!(format!("cwl2le setup {file}")))
    );
    let text = std::fs::read_to_string(&file).expect("the plan");
    assert!(!text.contains(TOKEN), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    // Another folder, without the configuration: it needs the same token, the region of the plan, and consent. Variables
    // that choose another stack, configuration or token mean nothing to it.
    let refuse = async |code: i32, args: &[&str], change: fn(&mut Command), said: &str| {
        let args = [&["setup", &file], args].concat();
        let error = ended(&run(&world, there, &args, change).await, code);
        let message = error["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(said), "{said}: {error:#}");
        error
    };
    let token: fn(&mut Command) = |command| {
        command.env("LE_TOKEN", TOKEN).env("CWL2LE_STACK", "other").env("CWL2LE_ENV", "none");
        command.env("CWL2LE_TOKEN", OTHER_TOKEN).env("CWL2LE_CONFIG_FILE", "nowhere.toml");
    };
    refuse(2, &["--yes"], |_| {}, "LE_TOKEN is not set").await;
    let other_token: fn(&mut Command) = |command| {
        command.env("LE_TOKEN", OTHER_TOKEN);
    };
    refuse(3, &["--yes"], other_token, "`token` of destination `app` is not the one").await;
    refuse(3, &["--yes", "--region", "eu-west-1"], token, "it is for region ap-northeast-1").await;
    let other_account: fn(&mut Command) = |command| {
        command.env("LE_TOKEN", TOKEN).env("AWS_ACCESS_KEY_ID", "210987654321");
    };
    refuse(3, &["--yes"], other_account, "and the credentials are of account 210987654321").await;
    refuse(2, &["--yes", "--shards", "2"], token, "so --shards cannot be given with it").await;
    refuse(2, &["--yes", "--token-file", "t"], token, "made without --token-file").await;
    let unconfirmed = refuse(3, &[], token, "not confirmed").await;
    assert_eq!((&unconfirmed["stack"], &unconfirmed["region"]), (&json!("prod"), &json!("ap-northeast-1")));

    let made = run(&world, there, &["setup", &file, "--yes"], token).await;
    assert!(made.stderr.contains(" ago\n"), "{}", made.stderr);
    let made = ended(&made, 0);
    assert_eq!(changes(&made), changes(&planned));
    assert_eq!((&made["stack"], &made["changed"]), (&json!("prod"), &json!(true)));
    let next = made["next"][1]["command"].as_str().unwrap_or_default();
    assert_eq!(next, "cwl2le test --stack prod --region ap-northeast-1");
    // Once more: everything is done.
    let again = run(&world, there, &["setup", &file, "--yes"], token).await;
    assert!(again.stderr.contains("plan.json is applied already\n"), "{}", again.stderr);
    assert_eq!(ended(&again, 0)["changed"], json!(false));

    // Somebody changes the stream after the review.
    plan("2").await;
    let hours = ["setup", "--env", "prod", "--retention-hours", "72", "--yes"];
    ended(&run(&world, here, &hours, with_token).await, 0);
    let stale = refuse(3, &["--yes"], token, "what it would do now differs from what was reviewed").await;
    assert_eq!(stale["error"]["code"], "changed");
    let failed = &stale["error"]["failed"][0];
    assert_eq!(named(&failed["resource"]), "stream prod-cloudwatch-logs-stream", "{stale:#}");
    let said = failed["message"].as_str().unwrap_or_default();
    assert!(said.contains("reviewed: update (") && said.contains("72 h -> 48 h"), "{stale:#}");
    let hint = stale["error"]["hint"].as_str().unwrap_or_default();
    let command =
        format!("`cwl2le plan --shards 2 --env prod --out {file} --stack prod --region ap-northeast-1`");
    assert!(hint.contains(&command), "{hint}");
}

/// A call fails in the middle. The next run finds a part of the reviewed changes made, and makes the rest.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_is_completed_by_the_next() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.json").display().to_string();
    let mut plan = setup(&["--log-group", GROUP, "--out", &file]);
    plan[0] = "plan";
    let (planned, calls) = account.run(&plan).await;
    let planned = ended(&planned, 8);
    assert!(calls.iter().all(|call| call.operation != "CreateStream"), "{calls:?}");
    // The token of a flag is in no file.
    let missing = ended(&account.run(&["setup", &file]).await.0, 2);
    assert!(missing["error"]["message"].as_str().is_some_and(|said| said.contains("the token of --token,")));

    let of = Call { service: "lambda".to_owned(), operation: "CreateEventSourceMapping".to_owned() };
    let fault = Fault::access_denied();
    let injection = Injection { of: Some(of), at: 1, times: usize::MAX, when: When::Before, fault };
    let run = ["setup", &file, "--token", TOKEN];
    account.proxy.inject(Some(injection));
    let mut command = account.command(&run);
    let failed = account::ended(command.env("CWL2LE_PATIENCE", "5").spawn().expect("cwl2le runs")).await;
    assert_ne!(failed.code, 0, "{failed:?}");
    let (rest, calls) = account.run(&run).await;
    assert!(rest.stderr.contains("is applied already in part; the rest follows"), "{}", rest.stderr);
    let rest = ended(&rest, 0);
    assert!(changes(&rest).len() < changes(&planned).len(), "{rest:#}");
    assert!(calls.iter().all(|call| call.operation != "CreateStream"), "{calls:?}");
    assert_eq!(account.seen().await, account.whole(true));
}
