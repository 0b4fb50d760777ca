//! What somebody changes by hand is seen by `status`, and what a slip would undo is not done unasked.

use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::account::{Account, GROUP, Ground, ended, other_zip, setup};
use crate::support::{self, TOKEN};

const FUNCTION: &str = "cwl-to-logentries";
const STREAM: &str = "cloudwatch-logs-stream";
const LOGS_ROLE: &str = "cwl-to-kinesis";

/// `status --check`, and the parts that are not ready, each with what is wrong.
async fn check(account: &Account) -> (i32, Vec<String>) {
    let (ran, _) = account.run(&["status", "--check"]).await;
    let report = ran.json();
    assert_eq!(report["ready"], json!(ran.code == 0), "{report:#}");
    let parts =
        report["parts"].as_array().expect("parts").iter().filter(|part| part["ready"] == json!(false));
    let wrong =
        |part: &Value| part["wrong"].as_array().map(|wrong| format!("{}", json!(wrong))).unwrap_or_default();
    (
        ran.code,
        parts.map(|part| format!("{} {}", support::named(part), wrong(part)).replace('"', "")).collect(),
    )
}

async fn trigger(account: &Account) -> String {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let alias = format!("{FUNCTION}:live");
    let mappings = lambda.list_event_source_mappings().function_name(alias).send().await.expect("mappings");
    mappings.event_source_mappings.expect("a list")[0].uuid.clone().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_means_that_setup_has_nothing_to_put_right() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let zip = other_zip();
    let path = zip.path().display().to_string();
    let wanted = ["--arch", "arm64", "--forwarder-zip", &path, "--memory", "320", "--shards", "2"];
    account.run(&setup(&wanted)).await.0.ok();
    // What was asked for once is no drift.
    assert_eq!(check(&account).await, (0, Vec::new()));

    let (iam, lambda) = (account.iam(), aws_sdk_lambda::Client::new(&account.config));
    let deny = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"
    }]});
    iam.update_assume_role_policy()
        .role_name(LOGS_ROLE)
        .policy_document(deny.to_string())
        .send()
        .await
        .expect("set");
    let (code, wrong) = check(&account).await;
    assert_eq!((code, wrong), (8, vec![format!("role {LOGS_ROLE} [trust policy differs]")]));

    let update = lambda.update_event_source_mapping().uuid(trigger(&account).await).maximum_retry_attempts(1);
    update.send().await.expect("updated");
    let (code, wrong) = check(&account).await;
    assert_eq!(code, 8);
    let retries = format!("trigger {STREAM} -> {FUNCTION} [maximum retries: 1 -> unlimited]");
    assert_eq!(wrong, [format!("role {LOGS_ROLE} [trust policy differs]"), retries]);
    let text = ended(account.text(&["status"]).spawn().expect("cwl2le runs")).await.ok();
    assert!(text.stdout.contains(" ! maximum retries: 1 -> unlimited\n"), "{text:?}");

    // It is what setup puts right.
    account.run(&setup(&wanted)).await.0.ok();
    assert_eq!(check(&account).await, (0, Vec::new()));

    let kinesis = aws_sdk_kinesis::Client::new(&account.config);
    kinesis
        .remove_tags_from_stream()
        .stream_name(STREAM)
        .tag_keys("cwl2le:stack")
        .send()
        .await
        .expect("removed");
    let (code, wrong) = check(&account).await;
    assert!(code == 8 && wrong.len() == 1 && wrong[0].contains("does not manage it"), "{wrong:?}");
}

/// Two filters of one log group are one log group.
#[tokio::test(flavor = "multi_thread")]
async fn log_groups_are_counted_and_not_filters() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let zip = other_zip();
    let path = zip.path().display().to_string();
    account.run(&setup(&["--arch", "arm64", "--forwarder-zip", &path])).await.0.ok();
    // Ours beside theirs, which is given up for a second one of ours.
    account.run(&["subscribe", "--log-group", GROUP]).await.0.ok();
    account
        .run(&["subscribe", "--log-group", GROUP, "--filter-name", "mine", "--replace", "theirs"])
        .await
        .0
        .ok();
    let text = ended(account.text(&["status", "--deep"]).spawn().expect("cwl2le runs")).await.ok();
    assert!(text.stdout.contains("1 log group is subscribed"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_glob_unsubscribes_nothing_unattended() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let (folder, zip) = (tempfile::tempdir().expect("a folder"), other_zip());
    let path = zip.path().display().to_string();
    let config = |glob: &str| {
        let text = format!(
            "[destinations.app]\ntype = \"logentries\"\nendpoint = \"127.0.0.1:1\"\ntls = false\n\
             token = {{ env = \"LE_TOKEN\" }}\n[[subscriptions]]\nmatch = [\"{glob}\"]\n"
        );
        std::fs::write(folder.path().join("cwl2le.toml"), text).expect("written");
    };
    let run = async |more: &[&str]| {
        let args = [&["setup", "--arch", "arm64", "--forwarder-zip", &path], more].concat();
        let mut command = account.command(&args);
        command.env("LE_TOKEN", TOKEN).current_dir(folder.path());
        ended(command.spawn().expect("cwl2le runs")).await
    };
    config("/app/*");
    run(&[]).await.ok();
    let subscribed = account.seen().await;
    config("/apx/*");
    let ran = run(&[]).await.failed(3, "not-confirmed");
    let message = ran.json()["error"]["message"].to_string();
    assert!(
        message.contains("cwl2le.toml:6:1: this section selects no log group, and 1 subscription would"),
        "{message}"
    );
    assert_eq!(account.seen().await, subscribed);
    run(&["--dry-run"]).await.ok();
    // A pipeline gives `--yes` each time, so that does not tell a slip from what is meant.
    run(&["--yes"]).await.failed(3, "not-confirmed");
    assert_eq!(account.seen().await, subscribed);
    // Without the section it is meant.
    let text = std::fs::read_to_string(folder.path().join("cwl2le.toml")).expect("written");
    let text = text.split("[[subscriptions]]").next().expect("a text");
    std::fs::write(folder.path().join("cwl2le.toml"), format!("subscriptions = []\n{text}"))
        .expect("written");
}
