//! `cwl2le test` on the local AWS: a line that arrives, each part of the chain broken in turn, and that nothing is left.

use std::process::Stdio;
use std::time::{Duration, Instant};

use cwl2le_local::log_service::{Fault, LogService, Options, Transport};
use serde_json::{Value, json};

use crate::support::{REGION, Ran, TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(120);
const FUNCTION: &str = "cwl-to-logentries";
const STREAM: &str = "cloudwatch-logs-stream";
const OWN_GROUP: &str = "/cwl2le/canary/default";
const GROUP: &str = "/app/watched";

/// A stack that is set up without waiting for batches to fill.
async fn stack(more: &[&str]) -> World {
    let world = World::start().await;
    world.setup(&[&["--batch-window", "0"], more].concat()).await.ok();
    world
}

/// The rows of a run: part of the chain, state, destination.
fn rows(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let hops = report["hops"].as_array().expect("rows").iter();
    hops.map(|hop| (text(&hop["stage"]), text(&hop["state"]), text(&hop["destination"]))).collect()
}

fn row(stage: &str, state: &str, destination: &str) -> (String, String, String) {
    (stage.to_owned(), state.to_owned(), destination.to_owned())
}

/// The names of log groups, and their filters and log streams: what a canary may leave.
async fn left(world: &World) -> Vec<String> {
    let logs = world.logs();
    let groups = logs.describe_log_groups().send().await.expect("log groups").log_groups.unwrap_or_default();
    let mut left = Vec::new();
    for group in groups.into_iter().filter_map(|group| group.log_group_name) {
        let filters =
            logs.describe_subscription_filters().log_group_name(&group).send().await.expect("filters");
        let filters = filters.subscription_filters.unwrap_or_default().into_iter();
        left.extend(filters.filter_map(|filter| Some(format!("{group} -> {}", filter.filter_name?))));
        // A function writes to its own streams whenever it runs.
        if !group.starts_with("/aws/lambda/") {
            let streams = logs.describe_log_streams().log_group_name(&group).send().await.expect("streams");
            let streams = streams.log_streams.unwrap_or_default().into_iter();
            left.extend(streams.filter_map(|stream| Some(format!("{group}: {}", stream.log_stream_name?))));
        }
        left.push(group);
    }
    left.sort();
    left
}

/// Runs `cwl2le test ARGS` and sees that it leaves nothing.
async fn test(world: &World, args: &[&str]) -> Ran {
    let before = left(world).await;
    let ran = world.run(&[&["test"], args].concat()).await;
    assert_eq!(left(world).await, before, "{ran:?}");
    ran
}

/// The report of a run whose line did not arrive.
#[track_caller]
fn lost(ran: Ran) -> Value {
    assert_eq!(ran.code, 9, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["arrived"], json!(false), "{report:#}");
    report
}

#[track_caller]
fn says(report: &Value, what: &str) {
    assert!(report["why"].as_str().is_some_and(|why| why.contains(what)), "{what}: {report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_arrives_by_every_way_and_nothing_is_left() {
    let world = stack(&[]).await;
    let report = test(&world, &[]).await.ok().json();
    assert_eq!(
        rows(&report),
        [
            row("log-group", "ok", ""),
            row("stream", "ok", ""),
            row("forwarder", "ok", ""),
            row("destination", "ok", "default")
        ],
        "{report:#}"
    );
    let id = report["id"].as_str().expect("an id").to_owned();
    let arrived = world.log_service.wait_for_lines(1, PATIENCE).await.expect("the line");
    assert_eq!(arrived[0].message(), format!("cwl2le canary {id}"));
    assert!(report["notes"][0].as_str().is_some_and(|note| note.contains("wrong token")), "{report:#}");

    for via in ["stream", "function"] {
        let report = test(&world, &["--via", via]).await.ok().json();
        assert_eq!(report["arrived"], json!(true), "{report:#}");
        assert_eq!(rows(&report).last(), Some(&row("destination", "ok", "default")), "{report:#}");
    }
    world.run(&["test", "--destination", "nobody"]).await.failed(2, "usage");
    world.run(&["test", "--stack", "nobody"]).await.failed(6, "not-found");
    world.run(&["teardown"]).await.ok();
}

/// The functions' settings as a person changes them by hand.
fn lambda(world: &World) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::new(&world.config(REGION))
}

async fn mapping(world: &World) -> String {
    let mappings = lambda(world).list_event_source_mappings().send().await.expect("mappings");
    mappings.event_source_mappings.unwrap_or_default()[0].uuid.clone().expect("a mapping")
}

/// The version that the function is published as, once its last update is complete.
async fn published(world: &World) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match lambda(world).publish_version().function_name(FUNCTION).send().await {
            Ok(version) => return version.version.expect("a version"),
            Err(error) => assert!(Instant::now() < deadline, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Each part is broken by hand, named, and put right by the command that the report ends with.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_between_stream_and_function_is_named() {
    let world = stack(&[]).await;
    let lambda = lambda(&world);

    let uuid = mapping(&world).await;
    lambda.update_event_source_mapping().uuid(&uuid).enabled(false).send().await.expect("disabled");
    let report = lost(test(&world, &[]).await);
    says(&report, "the event source mapping of cwl-to-logentries is disabled");
    let found = rows(&report);
    assert!(found.contains(&row("stream", "ok", "")) && found.contains(&row("forwarder", "fault", "")));
    assert_eq!(found.last(), Some(&row("destination", "ok", "default")), "past the stream: {report:#}");
    assert_eq!(report["next"], json!("cwl2le setup"));

    lambda.delete_event_source_mapping().uuid(&uuid).send().await.expect("deleted");
    says(&lost(test(&world, &[]).await), "has no event source mapping");
    world.run(&["setup"]).await.ok();

    let throttle = lambda.put_function_concurrency().function_name(FUNCTION);
    throttle.reserved_concurrent_executions(0).send().await.expect("throttled");
    says(&lost(test(&world, &[]).await), "its reserved concurrency is 0");
    world.run(&["setup"]).await.ok();

    let alias = lambda.get_alias().function_name(FUNCTION).name("live").send().await.expect("an alias");
    let lead_to = async |version: &str| {
        let update = lambda.update_alias().function_name(FUNCTION).name("live").function_version(version);
        update.send().await.expect("the alias leads there");
    };
    let is = lambda.get_function_configuration().function_name(FUNCTION).send().await.expect("a function");
    let right = is.environment.and_then(|environment| environment.variables).expect("variables");
    let set = async |variables| {
        let environment =
            aws_sdk_lambda::types::Environment::builder().set_variables(Some(variables)).build();
        let update = lambda.update_function_configuration().function_name(FUNCTION);
        update.environment(environment).send().await.expect("updated");
    };
    let mut wrong = right.clone();
    wrong.insert("CWL2LE_CONFIG".to_owned(), "{".to_owned());
    set(wrong).await;
    let broken = published(&world).await;
    lead_to(&broken).await;
    let report = lost(test(&world, &["--via", "function"]).await);
    says(&report, "cwl-to-logentries: it fails: CWL2LE_CONFIG");
    assert_eq!(rows(&report), [row("forwarder", "fault", "")], "{report:#}");
    lead_to(alias.function_version().expect("a version")).await;
    set(right).await;

    let report = test(&world, &[]).await.ok().json();
    assert_eq!(report["arrived"], json!(true), "{report:#}");
    world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_before_the_stream_is_named() {
    let world = stack(&[]).await;
    world.create_log_group(GROUP).await;
    let on_group = ["--log-group", GROUP];
    let report = lost(test(&world, &on_group).await);
    says(&report, "no subscription filter of /app/watched leads to the stream");
    assert_eq!(report["next"], json!(format!("cwl2le subscribe --log-group {GROUP}")));
    world.run(&["subscribe", "--log-group", GROUP, "--filter-pattern", "{ $.level > 0 }"]).await.ok();
    let report = lost(test(&world, &on_group).await);
    says(&report, "the filter pattern `{ $.level > 0 }` of /app/watched does not let the line");
    world.run(&["subscribe", "--log-group", GROUP, "--filter-pattern", ""]).await.ok();
    let report = test(&world, &on_group).await.ok().json();
    assert_eq!(report["log_group"], json!(GROUP), "{report:#}");
    world.run(&["test", "--log-group", "/no/such/group"]).await.failed(6, "unknown-log-group");

    let iam = aws_sdk_iam::Client::new(&world.config(REGION));
    let policy = iam.delete_role_policy().role_name("cwl-to-kinesis").policy_name("cwl-kinesis-write");
    policy.send().await.expect("deleted");
    let report = lost(test(&world, &[]).await);
    says(&report, "the role cwl-to-kinesis has lost its inline policy cwl-kinesis-write");
    assert_eq!(rows(&report).last(), Some(&row("destination", "ok", "default")), "{report:#}");
    world.run(&["setup"]).await.ok();

    let kinesis = aws_sdk_kinesis::Client::new(&world.config(REGION));
    kinesis.delete_stream().stream_name(STREAM).send().await.expect("deleted");
    let report = lost(test(&world, &[]).await);
    says(&report, "the stream cloudwatch-logs-stream");
    world.run(&["teardown"]).await.ok();
}

/// A stack with two log services, and the route of a canary to the first.
async fn two(world: &World, audit: &LogService) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (app, audit) = (world.log_service.address(), audit.address());
    let ca = world.ca_file.path().display();
    let text = format!(
        "default_destination = \"app\"\n[trigger]\nbatch_window = 0\n\
         [destinations.app]\ntype = \"logentries\"\nendpoint = \"{app}\"\nca_file = \"{ca}\"\ntoken = \"{TOKEN}\"\n\
         [destinations.audit]\ntype = \"logentries\"\nendpoint = \"{audit}\"\ntls = false\ntoken = \"{TOKEN}\"\n"
    );
    std::fs::write(file.path(), text).expect("written");
    let path = file.path().display().to_string();
    let ran = world.run(&["--config", &path, "setup", "--test"]).await.ok().json();
    assert_eq!((&ran["test"]["arrived"], &ran["changed"]), (&json!(true), &json!(true)), "{ran:#}");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_destinations_is_down_and_the_other_is_not() {
    let world = World::start().await;
    let audit = LogService::start(Options::with_transport(Transport::Plain)).expect("a log service");
    two(&world, &audit).await;
    audit.stop_listening();
    let report = lost(test(&world, &[]).await);
    let found = rows(&report);
    assert!(found.contains(&row("destination", "ok", "app")), "{report:#}");
    assert!(found.contains(&row("destination", "fault", "audit")), "{report:#}");
    says(&report, "audit: connect");
    assert_eq!(report["next"], json!("cwl2le doctor"));
    // The one that is down is not asked for.
    test(&world, &["--destination", "app"]).await.ok();

    // Behind a line that cannot be delivered, the canary waits; its destinations are judged all the same.
    audit.resume();
    world.log_service.stop_listening();
    world.create_log_group(GROUP).await;
    world.run(&["subscribe", "--log-group", GROUP]).await.ok();
    world.put_log_events(GROUP, &["it blocks the shard".to_owned()]).await;
    let report = lost(test(&world, &["--timeout", "8s"]).await);
    let found = rows(&report);
    assert!(found.contains(&row("destination", "fault", "app")), "{report:#}");
    assert!(found.contains(&row("destination", "ok", "audit")), "{report:#}");
    world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_leaves_nothing_and_one_that_is_killed_leaves_it_to_the_next() {
    let world = stack(&[]).await;
    let before = left(&world).await;
    // The service takes the connection and reads nothing, so the canary is on its way for a while.
    world.log_service.set_fault(Fault::Stall);
    for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let mut child = world
            .command()
            // It must not give up before the signal comes, however slow the machine is.
            .args(["--output", "json", "test", "--timeout", "10m"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cwl2le runs");
        until("the log group", async || left(&world).await.iter().any(|name| name == OWN_GROUP)).await;
        let killed = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
        let ended =
            tokio::task::spawn_blocking(move || child.wait().expect("it ends")).await.expect("no panic");
        assert_eq!(ended.code(), code);
        assert_eq!(left(&world).await == before, code.is_some(), "{signal}");
    }
    world.log_service.set_fault(Fault::None);
    world.run(&["test"]).await.ok();
    assert_eq!(left(&world).await, before);
    world.run(&["teardown"]).await.ok();
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(std::time::Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_group_that_is_kept_is_used_again_and_goes_with_the_stack() {
    let world = stack(&["--shards", "3"]).await;
    let before = left(&world).await;
    for _ in 0..2 {
        let report = world.run(&["test", "--keep"]).await.ok().json();
        assert!(report["notes"].to_string().contains("stays for the next run"), "{report:#}");
    }
    // Also without the flag.
    world.run(&["test"]).await.ok();
    let kept = left(&world).await;
    assert!(kept.contains(&OWN_GROUP.to_owned()) && kept.len() > before.len(), "{kept:?}");
    let status = world.run(&["status"]).await.ok().json();
    assert_eq!(status["ready"], json!(true), "{status:#}");
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));
    world.run(&["teardown"]).await.ok();
    assert_eq!(left(&world).await, Vec::<String>::new());
}

/// An account policy leads the log group of the canary into the stream: it gets no filter, and the line comes once.
#[tokio::test(flavor = "multi_thread")]
async fn where_every_log_group_is_subscribed_the_line_comes_once() {
    let world = stack(&[]).await;
    world.run(&["subscribe", "--all"]).await.ok();
    let report = test(&world, &[]).await.ok().json();
    let line = format!("cwl2le canary {}", report["id"].as_str().expect("an id"));
    let before = world.log_service.line_count();
    world.run(&["unsubscribe", "--all"]).await.ok();
    let count = |line: &str| world.log_service.lines().iter().filter(|is| is.message() == line).count();
    assert_eq!((count(&line), world.log_service.line_count()), (1, before));
    world.run(&["teardown"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_offers_the_test_and_a_line_that_is_lost_undoes_nothing() {
    let world = World::start().await;
    let ran = world.setup(&["--batch-window", "0"]).await.ok().json();
    assert_eq!(ran["next"][1]["command"], json!("cwl2le test"), "{ran:#}");
    world.log_service.stop_listening();
    let ran = world.setup(&["--test"]).await;
    assert_eq!(ran.code, 9, "{ran:?}");
    let report = ran.json();
    assert_eq!(report["test"]["arrived"], json!(false), "{report:#}");
    assert!(report["test"]["why"].as_str().is_some_and(|why| why.contains("connect")), "{report:#}");
    let status = world.run(&["status"]).await.ok().json();
    let parts = status["parts"].as_array().expect("parts");
    assert!(parts.iter().all(|part| part["state"] != json!("missing")), "{status:#}");
    world.run(&["teardown"]).await.ok();
}
