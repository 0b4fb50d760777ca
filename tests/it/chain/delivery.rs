//! The whole chain on the local AWS, driven through the `cwl2le` process.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{self, Ran, World};

const PATIENCE: Duration = Duration::from_secs(60);
const BUNYAN: &str = "/aws/lambda/lambda-logentries_generator";
const PLAIN: &str = "/aws/lambda/example-lambda";

fn changes(report: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    report["changes"]
        .as_array()
        .expect("a list of changes")
        .iter()
        .map(|step| (text(&step["verb"]), support::named(&step["resource"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_arrive_a_second_setup_changes_nothing_and_a_teardown_leaves_nothing() {
    let world = World::start().await;
    world.create_log_group(BUNYAN).await;
    world.create_log_group(PLAIN).await;

    let first =
        world.setup(&["--log-group", BUNYAN, "--filter-pattern", "{ $.level > 0 }"]).await.ok().json();
    let expected = [
        ("create", "stream cloudwatch-logs-stream"),
        ("create", "role cwl-to-kinesis"),
        ("create", "role cwl-to-logentries"),
        ("create", "log-group /aws/lambda/cwl-to-logentries"),
        ("create", "function cwl-to-logentries"),
        ("create", "alias cwl-to-logentries:live"),
        ("create", "trigger cloudwatch-logs-stream -> cwl-to-logentries"),
        ("create", "subscription-filter /aws/lambda/lambda-logentries_generator -> cloudwatchLogsFilter"),
    ]
    .map(|(verb, resource)| (verb.to_owned(), resource.to_owned()));
    assert_eq!(changes(&first), expected);

    let pattern = r#"[timestamp=*Z, request_id="*-*", event]"#;
    world.run(&["subscribe", "--log-group", PLAIN, "--filter-pattern", pattern]).await.ok();

    let bunyan: Vec<String> =
        (0..20).map(|n| json!({"level": 30, "msg": format!("bunyan \"{n}\" 日本")}).to_string()).collect();
    let plain: Vec<String> = (0..20)
        .map(|n| format!("2016-09-17T10:28:49.663Z\t85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000\tplain {n}"))
        .collect();
    world.put_log_events(BUNYAN, &bunyan).await;
    world.put_log_events(BUNYAN, &["not JSON, so outside the pattern".to_owned()]).await;
    world.put_log_events(PLAIN, &plain).await;
    world.put_log_events(PLAIN, &["START RequestId: outside the pattern".to_owned()]).await;

    let arrived = world.log_service.wait_for_lines(40, PATIENCE).await;
    let arrived = arrived.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    let mut lines: Vec<String> = arrived.iter().map(cwl2le_local::log_service::Line::text).collect();
    let mut wanted: Vec<String> =
        bunyan.iter().chain(&plain).map(|message| format!("{} {message}", support::TOKEN)).collect();
    lines.sort();
    wanted.sort();
    assert_eq!(lines, wanted);

    let again =
        world.setup(&["--log-group", BUNYAN, "--filter-pattern", "{ $.level > 0 }"]).await.ok().json();
    assert_eq!(again["changed"], json!(false), "{again:#}");
    // Without any flag, too: what was asked for once stays.
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));

    let status = world.run(&["status", "--deep"]).await.ok().json();
    assert_eq!(status["ready"], json!(true), "{status:#}");
    assert_eq!(status["subscriptions"].as_array().map(Vec::len), Some(2));

    let torn = world.run(&["teardown", "--yes"]).await.ok().json();
    let order: Vec<String> = changes(&torn).into_iter().map(|(_, resource)| resource).collect();
    assert_eq!(order.len(), 8, "{order:?}");
    assert!(order[0].starts_with("subscription-filter") && order[1].starts_with("subscription-filter"));
    assert!(order[2].starts_with("trigger") && order[3].starts_with("function"), "{order:?}");

    let again = world.run(&["teardown", "--yes"]).await.ok().json();
    assert_eq!(again["changed"], json!(false), "{again:#}");
    let status = world.run(&["status", "--deep"]).await.ok().json();
    let states: Vec<&Value> =
        status["parts"].as_array().expect("parts").iter().map(|p| &p["state"]).collect();
    assert!(states.iter().all(|state| **state == json!("missing")), "{status:#}");
    assert_eq!(status["subscriptions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_flags_update_what_can_be_updated() {
    let world = World::start().await;
    world.setup(&[]).await.ok();
    let args = [
        "setup",
        "--retention-hours",
        "48",
        "--memory",
        "512",
        "--batch-size",
        "200",
        "--log-retention-days",
        "7",
    ];
    let report = world.run(&args).await.ok().json();
    let fields: Vec<String> = report["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .flat_map(|step| step["fields"].as_array().expect("fields"))
        .map(|field| format!("{}: {} -> {}", field["name"], field["old"], field["new"]).replace('"', ""))
        .collect();
    assert_eq!(
        fields,
        [
            "retention_hours: 24 -> 48",
            "retention_days: 14 -> 7",
            "memory_mb: 256 -> 512",
            "version: 1 -> new",
            "batch_size: 1000 -> 200"
        ]
    );
    assert_eq!(world.run(&args).await.ok().json()["changed"], json!(false));
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));
    world.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stacks_and_two_regions_share_no_fate() {
    let world = World::start().await;
    let service = world.service();
    let service: Vec<&str> = service.iter().map(String::as_str).collect();
    let setup = |more: &[&'static str]| {
        [&["setup"], more, &service[..]].concat().iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()
    };
    let run = async |region: &str, args: Vec<String>| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        world.run_in(region, &args).await.ok().json()
    };
    run("ap-northeast-1", setup(&[])).await;
    run("ap-northeast-1", setup(&["--stack", "blue"])).await;
    let there = run("eu-west-1", setup(&[])).await;
    let roles: Vec<String> =
        changes(&there).into_iter().map(|(_, name)| name).filter(|name| name.starts_with("role")).collect();
    assert_eq!(roles, ["role cwl-to-kinesis-eu-west-1", "role cwl-to-logentries-eu-west-1"]);

    world.run(&["teardown", "--yes"]).await.ok();
    for (region, args) in
        [("ap-northeast-1", vec!["status", "--stack", "blue"]), ("eu-west-1", vec!["status"])]
    {
        let status = world.run_in(region, &args).await.ok().json();
        assert_eq!(status["ready"], json!(true), "{status:#}");
    }
    // The second region keeps its names now that the first is gone.
    assert_eq!(world.run_in("eu-west-1", &["setup"]).await.ok().json()["changed"], json!(false));
    world.run_in("eu-west-1", &["teardown", "--yes"]).await.ok();
    world.run(&["teardown", "--yes", "--stack", "blue"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_get_one_clear_error_each() {
    let world = World::start().await;
    world.setup(&["--log-group", "/no/such/group"]).await.failed(6, "unknown-log-group");
    world.run(&["setup"]).await.failed(2, "usage");
    world.run(&["setup", "--token", "not-a-uuid"]).await.failed(2, "usage");
    world.run(&["subscribe", "--log-group", "/x"]).await.failed(6, "not-found");
    world.run_in("tokyo", &["status"]).await.failed(4, "bad-region");
    world.run(&["teardown"]).await.ok();

    world.setup(&[]).await.ok();
    world.run(&["subscribe", "--log-group", "/aws/lambda/cwl-to-logentries"]).await.failed(3, "recursion");
    world.run(&["subscribe", "--log-group", "/no/such/group"]).await.failed(6, "unknown-log-group");
    world.run(&["subscribe", "--log-group", "/x", "--destination", "nobody"]).await.failed(2, "usage");
    world.create_log_group("/app/x").await;
    let hint = |ran: &Ran| ran.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    let similar = world.run(&["subscribe", "--log-group", "/app/y"]).await.failed(6, "unknown-log-group");
    assert_eq!(hint(&similar), "did you mean `/app/x`?");
    let similar = world.run(&["subscribe", "--match", "app/*"]).await.failed(6, "unknown-log-group");
    assert_eq!(hint(&similar), "did you mean `/app/*`?");
    let similar = world.run(&["preview", "--log-group", "x"]).await.failed(6, "unknown-log-group");
    assert_eq!(hint(&similar), "did you mean `/app/x`?");
    let similar = ["subscribe", "--log-group", "/app/x", "--destination", "defualt"];
    assert_eq!(hint(&world.run(&similar).await.failed(2, "usage")), "did you mean `default`?");

    let other = ["subscribe", "--log-group", "/app/x", "--stack", "defalt"];
    let unknown = world.run(&other).await.failed(6, "not-found");
    assert!(
        hint(&unknown).starts_with("did you mean `default`? `cwl2le setup --stack defalt"),
        "{unknown:?}"
    );
    let why = world.run(&["status", "--stack", "blue"]).await.ok().json()["why"].clone();
    assert_eq!(why, "stack `blue` does not exist; the only stack here is `default`");
    let none = world.run(&["teardown", "--stack", "blue"]).await.ok().json();
    assert!(
        none["notes"][0].as_str().is_some_and(|note| note.ends_with("the only stack here is `default`")),
        "{none:#}"
    );

    // Nothing is shown or asked before the pattern is known to be one.
    let bad = ["--log-group", "/app/x", "--filter-pattern", "{ $.level > }"];
    for verb in ["plan", "subscribe"] {
        let ran = world.run(&[&[verb], &bad[..]].concat()).await.failed(2, "bad-pattern");
        let message = ran.json()["error"]["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("AWS rejects the filter pattern `{ $.level > }`: "), "{message}");
        assert!(!ran.stdout.contains("PutSubscriptionFilter"), "{ran:?}");
    }
    world.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_refused_adopted_or_kept() {
    let world = World::start().await;
    let kinesis = aws_sdk_kinesis::Client::new(&world.config(support::REGION));
    kinesis
        .create_stream()
        .stream_name("cloudwatch-logs-stream")
        .shard_count(1)
        .send()
        .await
        .expect("a stream");
    world.setup(&[]).await.failed(3, "not-ours");
    let kept = world.run(&["teardown", "--yes"]).await.ok().json();
    assert_eq!(kept["kept"][0]["resource"]["kind"], json!("stream"), "{kept:#}");
    world.setup(&["--adopt"]).await.ok();
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));
    let torn = world.run(&["teardown", "--yes"]).await.ok().json();
    assert_eq!(torn["kept"], json!([]));
}

#[test]
fn without_credentials_or_region_nothing_is_assumed() {
    let ran =
        |command: &mut std::process::Command| -> support::Ran { command.output().expect("it runs").into() };
    ran(support::cwl2le().args(["--output", "json", "status"])).failed(4, "no-region");
    ran(support::cwl2le().args(["--output", "json", "status", "--region", "eu-west-1"]))
        .failed(4, "no-credentials");
}
