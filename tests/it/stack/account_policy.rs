//! Every log group by one account policy, through the `cwl2le` process on the local AWS.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{AccountPolicy, PolicyType};
use cwl2le_local::Lag;
use serde_json::{Value, json};

use crate::support::{self, REGION, World};

const PATIENCE: Duration = Duration::from_secs(60);
const OWN: &str = "/aws/lambda/cwl-to-logentries";
const KIND: PolicyType = PolicyType::SubscriptionFilterPolicy;

fn changes(report: &Value) -> Vec<String> {
    let steps = report["changes"].as_array().expect("a list of changes");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    steps
        .iter()
        .map(|step| format!("{} {}", text(&step["verb"]), support::named(&step["resource"])))
        .collect()
}

/// The account policy as AWS has it.
async fn policy(world: &World) -> Option<AccountPolicy> {
    let read = world.logs().describe_account_policies().policy_type(KIND).send().await.expect("policies");
    read.account_policies.unwrap_or_default().into_iter().next()
}

fn leaves_out(policy: Option<AccountPolicy>) -> Vec<String> {
    let selection = policy.and_then(|policy| policy.selection_criteria).expect("an account policy");
    let list = selection.strip_prefix("LogGroupName NOT IN ").expect("the form of the guide");
    serde_json::from_str(list).expect("a list of names")
}

/// Puts a policy of this name that leads to a stream, by hand.
async fn by_hand(world: &World, name: &str, stream: &str, selection: Option<&str>) {
    let account = &world.home.account;
    let document = json!({
        "DestinationArn": format!("arn:aws:kinesis:{REGION}:{account}:stream/{stream}"),
        "RoleArn": format!("arn:aws:iam::{account}:role/cwl-to-kinesis"), "FilterPattern": "",
    });
    let put = world.logs().put_account_policy().policy_name(name).policy_type(KIND);
    let put =
        put.policy_document(document.to_string()).set_selection_criteria(selection.map(ToOwned::to_owned));
    put.send().await.expect("an account policy");
}

async fn has_run(world: &World, args: &[&str]) -> Value {
    world.run(args).await.ok().json()
}

#[tokio::test(flavor = "multi_thread")]
async fn log_groups_to_come_are_subscribed_once_and_nothing_feeds_itself() {
    let world = World::start().await;
    for name in ["/app/a", "/app/errors", "/app/secret", "/aws/lambda/blue-cwl-to-logentries"] {
        world.create_log_group(name).await;
    }
    world.setup(&["--log-group", "/app/a"]).await.ok();
    // Another pattern than that of the policy: it decides on this log group.
    has_run(&world, &["subscribe", "--log-group", "/app/errors", "--filter-pattern", "ERROR"]).await;

    let all = ["subscribe", "--all", "--exclude", "/app/s*"];
    let planned = has_run(&world, &["subscribe", "--all", "--exclude", "/app/s*", "--dry-run"]).await;
    assert_eq!(policy(&world).await, None, "a dry run changes nothing");
    let ran = world.run(&all).await.ok();
    assert!(ran.stderr.contains("of `/app/s*` those that exist now"), "{}", ran.stderr);
    assert_eq!(changes(&planned), changes(&ran.json()));
    assert_eq!(
        changes(&planned),
        [
            "create account-policy cloudwatchLogsFilter",
            "delete subscription-filter /app/a -> cloudwatchLogsFilter",
        ]
    );
    let left_out = ["/app/errors", "/app/secret", "/aws/lambda/blue-cwl-to-logentries", OWN];
    assert_eq!(leaves_out(policy(&world).await), left_out);
    assert_eq!(has_run(&world, &all).await["changed"], json!(false));
    assert_eq!(has_run(&world, &["setup"]).await["changed"], json!(false));
    // What is covered just so needs no filter.
    let covered = ["subscribe", "--log-group", "/app/a"];
    assert_eq!(has_run(&world, &covered).await["changed"], json!(false));

    world.create_log_group("/made/later").await;
    for name in ["/app/a", "/app/errors", "/app/secret", "/aws/lambda/blue-cwl-to-logentries", "/made/later"]
    {
        world.put_log_events(name, &[format!("ERROR of {name}"), format!("other of {name}")]).await;
    }
    // One shard keeps the order: what had not been left out would have come before the last line.
    let arrived = world.log_service.wait_for_lines(5, PATIENCE).await;
    let arrived = arrived.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    let mut lines: Vec<String> = arrived.iter().map(cwl2le_local::log_service::Line::text).collect();
    lines.sort();
    let wanted = [
        "ERROR of /app/a",
        "ERROR of /app/errors",
        "ERROR of /made/later",
        "other of /app/a",
        "other of /made/later",
    ];
    assert_eq!(lines, wanted.map(|line| format!("{} {line}", support::TOKEN)));

    let status = has_run(&world, &["status", "--deep"]).await;
    assert_eq!(status["account_policy"]["leaves_out"], json!(left_out), "{status:#}");
    assert_eq!(status["account_policy"]["managed"], json!(true));
    assert_eq!(status["subscriptions"][0]["log_group"], json!("/app/errors"), "{status:#}");

    let torn = has_run(&world, &["teardown", "--yes"]).await;
    let first: Vec<String> = changes(&torn).into_iter().take(2).collect();
    assert!(first.contains(&"delete account-policy cloudwatchLogsFilter".to_owned()), "{torn:#}");
    assert_eq!(torn["kept"], json!([]));
    assert_eq!(policy(&world).await, None);
    assert_eq!(has_run(&world, &["teardown", "--yes"]).await["changed"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_policy_of_somebody_else_is_named_and_left_alone() {
    let world = World::start().await;
    world.create_log_group("/app/a").await;
    world.setup(&[]).await.ok();
    world.setup(&["--stack", "theirs"]).await.ok();
    has_run(&world, &["subscribe", "--stack", "theirs", "--all", "--filter-name", "theirs"]).await;

    let refused = world.run(&["subscribe", "--all"]).await.failed(3, "not-ours").json();
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("`theirs`") && message.contains("theirs-cloudwatch-logs-stream"), "{message}");
    world.run(&["subscribe", "--all", "--adopt"]).await.failed(3, "not-ours");
    assert_eq!(has_run(&world, &["unsubscribe", "--all"]).await["changed"], json!(false));
    has_run(&world, &["subscribe", "--all", "--per-group"]).await;
    has_run(&world, &["teardown", "--yes"]).await;
    assert_eq!(policy(&world).await.and_then(|policy| policy.policy_name).as_deref(), Some("theirs"));

    world.setup(&[]).await.ok();
    // AWS counts the policy that was deleted for a while, and shows the new one late.
    for operation in ["logs:PutAccountPolicy", "logs:DescribeAccountPolicies"] {
        world.aws().lag(&world.home.account, operation, Lag::Answers(4)).await.expect("a lag");
    }
    has_run(&world, &["subscribe", "--all", "--replace", "theirs"]).await;
    world.aws().end_lags(&world.home.account).await.expect("no lag");
    let ours = policy(&world).await.and_then(|policy| policy.policy_name);
    assert_eq!(ours.as_deref(), Some("cloudwatchLogsFilter"));
    // The other stack goes, and ours stays.
    has_run(&world, &["teardown", "--yes", "--stack", "theirs"]).await;
    assert_eq!(has_run(&world, &["subscribe", "--all"]).await["changed"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_comes_later_is_left_out_before_it_has_a_forwarder() {
    let world = World::start().await;
    world.setup(&[]).await.ok();
    has_run(&world, &["subscribe", "--all"]).await;
    let blue = changes(&world.setup(&["--stack", "blue"]).await.ok().json());
    assert_eq!(blue[0], "update account-policy cloudwatchLogsFilter", "{blue:?}");
    assert_eq!(leaves_out(policy(&world).await), ["/aws/lambda/blue-cwl-to-logentries", OWN]);
    assert_eq!(has_run(&world, &["setup", "--stack", "blue"]).await["changed"], json!(false));
    assert_eq!(has_run(&world, &["subscribe", "--all"]).await["changed"], json!(false));
    has_run(&world, &["teardown", "--yes", "--stack", "blue"]).await;
    assert_eq!(has_run(&world, &["status", "--deep"]).await["ready"], json!(true));

    // One that was made by hand, leads to our stream and covers the forwarder: neither ours to change nor to be lived
    // with.
    has_run(&world, &["unsubscribe", "--all"]).await;
    by_hand(&world, "by-hand", "cloudwatch-logs-stream", None).await;
    world.run(&["setup"]).await.failed(3, "recursion");
    let status = has_run(&world, &["status", "--deep"]).await;
    assert_eq!((&status["ready"], &status["account_policy"]["loops"]), (&json!(false), &json!([OWN])));
    has_run(&world, &["subscribe", "--all", "--replace", "by-hand"]).await;
    assert_eq!(has_run(&world, &["setup"]).await["changed"], json!(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_log_group_more_or_less_and_from_one_form_to_the_other() {
    let world = World::start().await;
    for name in ["/app/a", "/app/b"] {
        world.create_log_group(name).await;
    }
    world.setup(&[]).await.ok();
    has_run(&world, &["subscribe", "--all", "--filter-pattern", "ERROR"]).await;
    has_run(&world, &["unsubscribe", "--log-group", "/app/a"]).await;
    assert_eq!(leaves_out(policy(&world).await), ["/app/a", OWN]);
    assert_eq!(has_run(&world, &["unsubscribe", "--log-group", "/app/a"]).await["changed"], json!(false));
    has_run(&world, &["subscribe", "--log-group", "/app/b", "--filter-pattern", "WARN"]).await;
    assert_eq!(leaves_out(policy(&world).await), ["/app/a", "/app/b", OWN]);
    world.run(&["unsubscribe", "--all", "--exclude", "/app/a"]).await.failed(2, "usage");
    world.run(&["subscribe", "--all", "--tag", "team=a"]).await.failed(2, "usage");

    // Somebody edits it; running it again mends it, and what was not asked for stays.
    by_hand(&world, "cloudwatchLogsFilter", "cloudwatch-logs-stream", Some("LogGroupName NOT IN []")).await;
    let mended = has_run(&world, &["setup"]).await;
    assert_eq!(changes(&mended), ["update account-policy cloudwatchLogsFilter"]);
    assert_eq!(leaves_out(policy(&world).await), [OWN]);
    has_run(&world, &["subscribe", "--all", "--filter-pattern", "ERROR"]).await;
    assert_eq!(leaves_out(policy(&world).await), ["/app/b", OWN]);
    assert_eq!(has_run(&world, &["subscribe", "--all"]).await["changed"], json!(false));

    // A filter each, with the same pattern, and back again.
    let each = has_run(&world, &["subscribe", "--all", "--per-group"]).await;
    assert_eq!(
        changes(&each),
        [
            "create subscription-filter /app/a -> cloudwatchLogsFilter",
            "delete account-policy cloudwatchLogsFilter",
        ]
    );
    let status = has_run(&world, &["status", "--deep"]).await;
    let patterns: Vec<&Value> =
        status["subscriptions"].as_array().expect("a list").iter().map(|s| &s["pattern"]).collect();
    assert_eq!(patterns, ["ERROR", "WARN"]);
    let back = has_run(&world, &["subscribe", "--all", "--filter-pattern", "WARN"]).await;
    assert_eq!(changes(&back).len(), 2, "{back:#}");
    assert_eq!(leaves_out(policy(&world).await), ["/app/a", OWN]);
    let off = has_run(&world, &["unsubscribe", "--all"]).await;
    assert_eq!(changes(&off).len(), 2, "{off:#}");
    assert_eq!(policy(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_has_it_too_and_init_describes_it() {
    let world = World::start().await;
    for name in ["/app/a", "/app/errors", "/app/secret"] {
        world.create_log_group(name).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    let (service, trusted) = (world.log_service.address(), world.service().pop().expect("a file"));
    // What is not pinned to `app` arrives nowhere.
    let base = format!(
        r#"
default_destination = "nowhere"
[destinations.nowhere]
type = "logentries"
endpoint = "127.0.0.1:1"
token = {{ env = "LE_TOKEN" }}
[destinations.app]
type = "logentries"
endpoint = "{service}"
ca_file = "{trusted}"
token = {{ env = "LE_TOKEN" }}
[[subscriptions]]
log_groups = ["/app/errors"]
filter_pattern = "ERROR"
"#
    );
    let all =
        "[[subscriptions]]\nall = true\ndestination = \"app\"\nexclude = [\"/app/secret\", \"/to/come\"]\n";
    let run = async |args: &[&str]| -> support::Ran {
        let mut command = world.command();
        command.env("LE_TOKEN", support::TOKEN).env("CWL2LE_TOKEN_APP", support::TOKEN);
        command.env("CWL2LE_TOKEN_NOWHERE", support::TOKEN);
        command.current_dir(folder.path()).args(["--output", "json"]).args(support::confirmed(args));
        tokio::task::spawn_blocking(move || command.output().expect("it runs").into())
            .await
            .expect("no panic")
    };
    std::fs::write(&file, format!("{base}{all}")).expect("written");
    let made = changes(&run(&["setup"]).await.ok().json());
    assert_eq!(
        made.last().map(String::as_str),
        Some("create account-policy cloudwatchLogsFilter@app"),
        "{made:?}"
    );
    assert_eq!(leaves_out(policy(&world).await), ["/app/errors", "/app/secret", OWN, "/to/come"]);
    assert_eq!(run(&["plan"]).await.ok().json()["changed"], json!(false));
    world.put_log_events("/app/a", &["hello".to_owned()]).await;
    assert!(world.log_service.wait_for_lines(1, PATIENCE).await.is_ok(), "{}", world.aws().logs_tail(40));

    let init = ["init", "--from-account", "--to", "described.toml"];
    run(&init).await.ok();
    let text = std::fs::read_to_string(folder.path().join("described.toml")).expect("written");
    let planned = run(&["plan", "--config", "described.toml"]).await.ok().json();
    assert_eq!(planned["changed"], json!(false), "{planned:#}\n{text}");

    // One for each instead, then none.
    std::fs::write(&file, format!("{base}{}", all.replace("all = true", "all = true\nper_group = true")))
        .expect("written");
    let each = changes(&run(&["setup"]).await.ok().json());
    assert_eq!(
        each.last().map(String::as_str),
        Some("delete account-policy cloudwatchLogsFilter@app"),
        "{each:?}"
    );
    std::fs::write(&file, format!("{base}{all}")).expect("written");
    run(&["setup"]).await.ok();
    std::fs::write(&file, format!("subscriptions = []\n{}", base.split("[[").next().expect("a part")))
        .expect("written");
    run(&["setup"]).await.ok();
    assert_eq!(policy(&world).await, None);
    assert_eq!(run(&["status", "--deep"]).await.ok().json()["subscriptions"], json!([]));
}
