//! Verdicts by real causes, on a chain that delivers to a real log service.

use std::time::Duration;

use cwl2le_local::log_service::Fault;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{REGION, World};

const GROUP: &str = "/app/status";
const FUNCTION: &str = "cwl-to-logentries";
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks `status --check` until the verdict is this one.
async fn until(world: &World, verdict: &str) -> (i32, Value) {
    let end = Instant::now() + PATIENCE;
    loop {
        let ran = world.run(&["status", "--check"]).await;
        let report = ran.json();
        if report["verdict"] == json!(verdict) {
            return (ran.code, report);
        }
        assert!(Instant::now() < end, "waited for {verdict}: {report:#}\n{}", world.aws().logs_tail(40));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn put(world: &World, count: usize) {
    let messages: Vec<String> = (0..count).map(|n| format!("line {n}")).collect();
    world.put_log_events(GROUP, &messages).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verdict_follows_what_happens_to_the_chain() {
    let world = World::start().await;
    let (code, report) = until(&world, "not-set-up").await;
    assert_eq!((code, &report["ready"]), (8, &json!(false)), "{report:#}");
    assert!(report["next"].as_str().is_some_and(|next| next.starts_with("cwl2le setup")), "{report:#}");

    world.create_log_group(GROUP).await;
    world.setup(&["--log-group", GROUP]).await.ok();
    let (code, report) = until(&world, "quiet").await;
    assert_eq!((code, &report["ready"], &report["next"]), (0, &json!(true), &json!(null)), "{report:#}");

    put(&world, 5).await;
    world.log_service.wait_for_lines(5, PATIENCE).await.expect("5 lines");
    let (code, report) = until(&world, "flowing").await;
    assert_eq!((code, &report["ready"]), (0, &json!(true)), "{report:#}");
    let flow = &report["flow"];
    assert_eq!(
        (&flow["forwarded"]["events"], &flow["delivered"]["events"]),
        (&json!(5), &json!(5)),
        "{flow:#}"
    );
    assert!(report["destinations"][0]["last_delivered"].is_string(), "{report:#}");
    let largest = world.run(&["status", "--groups"]).await.ok().json()["log_groups"]["largest"].clone();
    assert_eq!(largest, json!([{"name": GROUP, "events": 5}]));

    assert!(flow["stream"]["busiest_percent"].is_u64(), "{flow:#}");
    // Records leave the last minute, so a loaded machine may need another one.
    let end = Instant::now() + PATIENCE;
    loop {
        put(&world, 1).await;
        let report = world.run(&["status", "--shards"]).await.ok().json();
        let shard = &report["shards"]["shards"][0];
        // The message that tests a new subscription fills it, too.
        if shard["log_groups"][0]["name"] == json!(GROUP) {
            assert!(shard["bytes_per_second"].as_u64() > Some(0), "{shard:#}");
            break;
        }
        assert!(Instant::now() < end, "{report:#}");
    }

    world.log_service.set_fault(Fault::Refuse);
    put(&world, 3).await;
    let (code, report) = until(&world, "failing").await;
    assert_eq!((code, &report["ready"]), (8, &json!(false)), "{report:#}");
    assert!(report["next"].as_str().is_some_and(|next| next.starts_with("cwl2le doctor")), "{report:#}");
    let end = Instant::now() + PATIENCE;
    while until(&world, "failing").await.1["lag"]["seconds"].as_f64().is_none_or(|lag| lag < 2.0) {
        assert!(Instant::now() < end, "the lag does not grow");
    }
    world.log_service.set_fault(Fault::None);
    world.log_service.wait_for_lines(8, PATIENCE).await.expect("8 lines");
    until(&world, "flowing").await;

    // The lines that waited came that late.
    let behind = world.run(&["status", "--check", "--max-lag", "1s"]).await;
    assert_eq!((behind.code, &behind.json()["verdict"]), (8, &json!("behind")), "{behind:?}");

    let lambda = aws_sdk_lambda::Client::new(&world.config(REGION));
    let none = lambda.put_function_concurrency().function_name(FUNCTION).reserved_concurrent_executions(0);
    none.send().await.expect("throttled");
    let (code, report) = until(&world, "stopped").await;
    assert_eq!(code, 8);
    assert!(report["why"].as_str().is_some_and(|why| why.contains("reserved concurrency")), "{report:#}");
    let back = lambda.delete_function_concurrency().function_name(FUNCTION);
    back.send().await.expect("not throttled");
    until(&world, "flowing").await;

    // Without the right to write, CloudWatch Logs gives events up at once.
    let iam = aws_sdk_iam::Client::new(&world.config(REGION));
    let delete = iam.delete_role_policy().role_name("cwl-to-kinesis").policy_name("cwl-kinesis-write");
    delete.send().await.expect("deleted");
    put(&world, 2).await;
    let (code, report) = until(&world, "losing").await;
    assert_eq!((code, &report["flow"]["forwarded"]["errors"]), (8, &json!(2)), "{report:#}");
    assert!(report["lost"][0]["count"].is_number(), "{report:#}");
}
