//! Resources of others: a teardown keeps what they use, log loops are found whoever made them, a replaced filter comes
//! back, and a log group without room for a filter leaves no other covered twice.

use cwl2le_local::{Fault, Options, Step};
use serde_json::json;

use crate::support::account::{Account, GROUP, Ground, setup};
use crate::support::{self, REGION};

const STREAM: &str = "cloudwatch-logs-stream";

async fn account_with_stack(ground: &Ground) -> (Account, String) {
    let account = ground.account().await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    let arn = format!("arn:aws:kinesis:{REGION}:{}:stream/{STREAM}", account.id);
    (account, arn)
}

/// A teardown without `--force` keeps the stream because of `user`; what is kept, by name.
async fn kept_for(account: &Account, user: &str) -> Vec<String> {
    let report = account.run(&["teardown", "--yes"]).await.0.ok().json();
    let kept = report["kept"].as_array().expect("what is kept");
    let of_stream = kept.iter().find(|kept| kept["resource"]["name"] == STREAM).expect("the stream is kept");
    let reason = of_stream["reason"].as_str().expect("a reason");
    assert!(reason.contains(user) && reason.contains("--force"), "{reason}");
    assert!(account.seen().await.contains(&format!("stream {STREAM}")));
    kept.iter().map(|kept| support::place(&kept["resource"])).collect()
}

/// And with `--force` everything of ours goes.
async fn forced(account: &Account) {
    let report = account.run(&["teardown", "--yes", "--force"]).await.0.ok().json();
    assert_eq!(report["changed"], true);
    assert!(!account.seen().await.contains(&format!("stream {STREAM}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_a_consumer_of_others_stays() {
    let ground = Ground::start(Options::default()).await;
    let (account, arn) = account_with_stack(&ground).await;
    let kinesis = aws_sdk_kinesis::Client::new(&account.config);
    let consumer = kinesis.register_stream_consumer().stream_arn(&arn).consumer_name("their-consumer");
    consumer.send().await.expect("a consumer");
    assert_eq!(kept_for(&account, "their-consumer").await, [STREAM]);
    // Nothing else of ours is left, and nothing of theirs is gone.
    let mut left = account.theirs();
    left.push(format!("stream {STREAM}"));
    left.sort();
    assert_eq!(account.seen().await, left);
    forced(&account).await;
    assert_eq!(account.seen().await, account.theirs());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_and_a_role_with_a_filter_of_others_stay() {
    let ground = Ground::start(Options::default()).await;
    let (account, arn) = account_with_stack(&ground).await;
    let logs = account.logs();
    logs.create_log_group().log_group_name("/their/group").send().await.expect("a log group");
    let role = format!("arn:aws:iam::{}:role/cwl-to-kinesis", account.id);
    let filter = logs.put_subscription_filter().log_group_name("/their/group").filter_name("their-filter");
    let filter = filter.filter_pattern("").destination_arn(&arn).role_arn(role);
    filter.send().await.expect("a filter");
    let kept = kept_for(&account, "1 subscription filter with other names").await;
    assert_eq!(kept, ["/their/group -> their-filter", "cwl-to-kinesis", STREAM]);
    let seen = account.seen().await;
    assert!(seen.iter().any(|line| line.starts_with("filter /their/group their-filter")), "{seen:#?}");
    assert!(!seen.iter().any(|line| line.contains("cloudwatchLogsFilter")), "ours is gone: {seen:#?}");
    forced(&account).await;
    let seen = account.seen().await;
    assert!(seen.iter().any(|line| line.starts_with("filter /their/group their-filter")), "{seen:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_group_that_the_forwarder_was_made_to_log_to_is_not_subscribed() {
    let ground = Ground::start(Options::default()).await;
    let (account, _) = account_with_stack(&ground).await;
    account.logs().create_log_group().log_group_name("/app/b").send().await.expect("a log group");
    let elsewhere = aws_sdk_lambda::types::LoggingConfig::builder().log_group("/app/b").build();
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let edit = lambda.update_function_configuration().function_name("cwl-to-logentries");
    edit.logging_config(elsewhere).send().await.expect("edited");

    let subscribe = ["subscribe", "--log-group", "/app/b"];
    account.run(&subscribe).await.0.failed(3, "recursion");
    account.run(&["subscribe", "--all", "--dry-run"]).await.0.ok();
    let planned = account.run(&["plan"]).await.0.json();
    let function = &planned["changes"][0];
    assert_eq!(function["resource"]["kind"], "function", "{planned:#}");
    assert_eq!(function["fields"][0]["new"], "/aws/lambda/cwl-to-logentries", "{planned:#}");
    // `setup` brings it back first, and then it may be subscribed.
    account.run(&["setup", "--log-group", "/app/b"]).await.0.ok();
    assert_eq!(account.run(&["setup"]).await.0.ok().json()["changed"], false);
    assert_eq!(account.run(&subscribe).await.0.ok().json()["changed"], false);
}

const OWN: &str = "/aws/lambda/cwl-to-logentries";

async fn put_filter(account: &Account, log_group: &str, name: &str, to: &str) {
    let logs = account.logs();
    let filter =
        logs.put_subscription_filter().log_group_name(log_group).filter_name(name).filter_pattern("");
    // Our role may write to our stream and to no other.
    let name_of_role = if to.ends_with("/their-stream") { "their-role" } else { "cwl-to-kinesis" };
    let role = format!("arn:aws:iam::{}:role/{name_of_role}", account.id);
    filter.destination_arn(to).role_arn(role).send().await.expect("a filter");
}

/// The names of a log group's filters.
async fn filters_of(account: &Account, log_group: &str) -> Vec<String> {
    let filters = account.logs().describe_subscription_filters().log_group_name(log_group).send().await;
    let filters = filters.expect("filters").subscription_filters.unwrap_or_default();
    let mut names: Vec<String> = filters.into_iter().filter_map(|filter| filter.filter_name).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_that_is_there_is_seen_and_removed_or_refused_by_name() {
    let ground = Ground::start(Options::default()).await;
    let (account, arn) = account_with_stack(&ground).await;
    for remove in [&["setup"][..], &["unsubscribe", "--all"]] {
        put_filter(&account, OWN, "cloudwatchLogsFilter", &arn).await;
        assert_eq!(account.run(&["plan"]).await.0.code, 8, "plan sees it");
        let (status, _) = account.run(&["status", "--deep", "--check"]).await;
        assert_eq!((status.code, &status.json()["ready"]), (8, &false.into()));
        account.run(remove).await.0.ok();
        assert!(filters_of(&account, OWN).await.is_empty(), "{remove:?} left it");
    }
    put_filter(&account, OWN, "by-hand", &arn).await;
    let refused = account.run(&["setup"]).await.0.failed(3, "recursion");
    assert!(refused.stdout.contains("by-hand"), "{refused:?}");
    account.run(&["unsubscribe", "--log-group", OWN, "--filter-name", "by-hand"]).await.0.ok();
    // What the loop put into the stream may still be on its way, so whether logs flow is not known yet.
    let (status, _) = account.run(&["status", "--deep", "--check"]).await;
    assert!([0, 4].contains(&status.code), "{status:?}");
    assert_eq!((&status.json()["open"], &status.json()["subscriptions"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replaced_is_there_as_long_as_ours_is_not() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&[])).await.0.ok();
    let elsewhere = format!("arn:aws:kinesis:{REGION}:{}:stream/their-stream", account.id);
    let replace = ["subscribe", "--log-group", GROUP, "--replace", "theirs"];
    let bad = [&replace[..], &["--filter-pattern", "{ bad"]].concat();
    for more in [false, true] {
        if more {
            put_filter(&account, GROUP, "more", &elsewhere).await;
        }
        let before = account.seen().await;
        // AWS may not be asked about the pattern beforehand.
        account.proxy.script("TestMetricFilter", [Step::before(1, Fault::access_denied())]);
        let ran = account.run(&bad).await.0.failed(2, "bad-pattern");
        assert!(ran.stdout.contains("PutSubscriptionFilter"), "{ran:?}");
        assert_eq!(account.seen().await, before, "theirs is as it was");
    }
    account.run(&replace).await.0.ok();
    assert_eq!(filters_of(&account, GROUP).await, ["cloudwatchLogsFilter", "more"]);
    let (again, _) = account.run(&replace).await;
    assert!(again.ok().json()["notes"][0].as_str().expect("a note").contains("`theirs`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_without_room_leaves_none_covered_twice() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&[])).await.0.ok();
    let elsewhere = format!("arn:aws:kinesis:{REGION}:{}:stream/their-stream", account.id);
    put_filter(&account, GROUP, "more", &elsewhere).await;
    account.logs().create_log_group().log_group_name("/app/other").send().await.expect("a log group");
    account.run(&["subscribe", "--all"]).await.0.ok();
    account.run(&["subscribe", "--all", "--per-group"]).await.0.failed(7, "partial");
    assert_eq!(filters_of(&account, "/app/other").await, ["cloudwatchLogsFilter"]);
    let status = account.run(&["status"]).await.0.ok().json();
    let left_out = status["account_policy"]["leaves_out"].as_array().expect("a list");
    assert!(left_out.contains(&"/app/other".into()) && !left_out.contains(&GROUP.into()), "{status:#}");
}
