//! `subscribe` with globs: two thousand log groups under AWS's throttling, and log groups that cannot be subscribed.

use std::collections::BTreeMap;

use cwl2le_local::{CallProxy, Fault, Step};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::support::{self, Ran, World};

const GROUPS: usize = 2_000;
/// What the proxy allows: far more than AWS, so that the test is short, and less than what an unthrottled run would
/// use.
const PER_SECOND: f64 = 100.0;
const BURST: f64 = 20.0;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_groups_are_subscribed_once_each_under_throttling() {
    let world = World::start_alone().await;
    let logs = world.logs();
    stream::iter(0..GROUPS)
        .for_each_concurrent(16, |n| {
            let create = logs.create_log_group().log_group_name(format!("/many/{n:04}"));
            async move { create.send().await.map(drop).expect("a log group") }
        })
        .await;
    world.create_log_group("/other/one").await;
    world.setup(&[]).await.ok();

    let proxy = CallProxy::start(world.aws().endpoint()).await.expect("a proxy");
    proxy.limit("PutSubscriptionFilter", PER_SECOND, BURST);
    let run = async |args: &[&str]| through(&proxy, &world, args).await;
    let report = run(&["subscribe", "--match", "/many/*"]).await.ok().json();
    assert_eq!(report["changes"].as_array().map(Vec::len), Some(GROUPS));

    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for call in proxy.calls() {
        *calls.entry(call.operation).or_default() += 1;
    }
    let (puts, throttled) = (calls["PutSubscriptionFilter"], proxy.throttled());
    // No group is put twice but for what was throttled, and the pace keeps that rare.
    assert_eq!(puts - throttled, GROUPS, "{calls:?}");
    assert!(throttled * 10 < GROUPS, "{throttled} of {puts} calls were throttled");
    // One each, and one for the forwarder's own log group, which must not lead into the stream.
    assert_eq!(calls["DescribeSubscriptionFilters"], GROUPS + 1, "{calls:?}");
    println!("{calls:?}, of which {throttled} throttled");

    // Run again it has nothing to do; a teardown finds each filter once and nobody else's.
    let again = run(&["subscribe", "--match", "/many/00*"]).await.ok().json();
    assert_eq!(again["changed"], json!(false));
    let torn = world.run(&["teardown", "--yes"]).await.ok().json();
    let filters = torn["changes"].as_array().expect("a list").iter();
    let filters = filters.filter(|step| step["resource"]["kind"] == json!("subscription-filter")).count();
    assert_eq!((filters, &torn["kept"]), (GROUPS, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_lost_connections_in_turns_leave_no_group_out() {
    let world = World::start().await;
    for n in 0..20 {
        world.create_log_group(&format!("/many/{n:02}")).await;
    }
    world.setup(&[]).await.ok();
    let proxy = CallProxy::start(world.aws().endpoint()).await.expect("a proxy");
    let turns = [
        Step::before(20, Fault::throttled()),
        Step::before(2, Fault::Reset),
        Step::pass(3),
        Step::before(4, Fault::throttled()),
        Step::after(3, Fault::Reset),
        Step::after(1, Fault::internal()),
        Step::pass(4),
        Step::before(1, Fault::Reset),
    ];
    proxy.script("PutSubscriptionFilter", turns);
    proxy.script("DescribeLogGroups", [Step::before(1, Fault::throttled()), Step::after(1, Fault::Reset)]);
    let report = through(&proxy, &world, &["subscribe", "--match", "/many/*"]).await.ok().json();
    assert_eq!(report["changes"].as_array().map(Vec::len), Some(20), "{report:#}");
    assert_eq!(proxy.script_left(), 0, "every fault has been met");
    let status = world.run(&["status", "--deep"]).await.ok().json();
    assert_eq!(status["subscriptions"].as_array().map(Vec::len), Some(20), "{status:#}");
}

/// Runs `cwl2le --output json ARGS`, with the proxy between it and the local AWS.
async fn through(proxy: &CallProxy, world: &World, args: &[&str]) -> Ran {
    let mut command = world.command();
    command.env("AWS_ENDPOINT_URL", proxy.endpoint());
    command.args(["--output", "json"]).args(support::confirmed(args));
    let run = move || Ran::from(command.output().expect("it runs"));
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_cannot_be_done_are_named_and_keep_no_other_from_being_done() {
    let world = World::start().await;
    for name in ["/app/a", "/app/full", "/app/taken", "/app/z", "/elsewhere"] {
        world.create_log_group(name).await;
    }
    world.setup(&[]).await.ok();
    // Two foreign filters are the local AWS's limit; a filter of our name that leads elsewhere is somebody's.
    world.setup(&["--stack", "theirs"]).await.ok();
    for (group, filter) in
        [("/app/full", "one"), ("/app/full", "two"), ("/app/taken", "cloudwatchLogsFilter")]
    {
        let args = ["subscribe", "--stack", "theirs", "--log-group", group, "--filter-name", filter];
        world.run(&args).await.ok();
    }
    let ran = world.run(&["subscribe", "--match", "/app/*"]).await.failed(7, "partial");
    let error = &ran.json()["error"];
    let mut failed: Vec<(String, String)> = error["failed"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| (support::place(&f["resource"]), f["code"].as_str().unwrap_or_default().to_owned()))
        .collect();
    failed.sort();
    assert_eq!(
        failed,
        [
            ("/app/full -> cloudwatchLogsFilter".to_owned(), "filter-limit".to_owned()),
            ("/app/taken -> cloudwatchLogsFilter".to_owned(), "not-ours".to_owned()),
        ],
        "{error:#}"
    );
    let limit = error["failed"].to_string();
    assert!(limit.contains("one") && limit.contains("two"), "the filters that are there are named: {limit}");
    let status = world.run(&["status", "--deep"]).await.ok().json();
    let done: Vec<&str> = status["subscriptions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|s| s["log_group"].as_str())
        .collect();
    assert_eq!(done, ["/app/a", "/app/z"]);

    // One is swapped, the other taken over; the foreign filters beside them stay.
    world.run(&["subscribe", "--log-group", "/app/full", "--replace", "one"]).await.ok();
    world.run(&["subscribe", "--log-group", "/app/taken", "--adopt"]).await.ok();
    let off = world.run(&["unsubscribe", "--all", "--exclude", "/app/z"]).await.ok().json();
    assert_eq!(off["changes"].as_array().map(Vec::len), Some(3), "{off:#}");
    world.run(&["subscribe", "--match", "/nothing/*"]).await.failed(6, "unknown-log-group");
    world.run(&["subscribe", "--match", "/app/[", "--exclude", "x"]).await.failed(2, "usage");
}
