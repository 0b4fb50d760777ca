//! `cwl2le preview` on the local AWS: what it shows is what the function sends, and it changes nothing.

use std::time::Duration;

use cwl2le_local::Options;
use cwl2le_local::log_service::Line;
use serde_json::{Value, json};

use crate::support::account::{GROUP, Ground};
use crate::support::{self, TOKEN, World};

const PATIENCE: Duration = Duration::from_secs(60);
const APP: &str = "/aws/lambda/cart-prod";
/// What stands where the token would be.
const STAND_IN: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

fn messages() -> Vec<String> {
    let fixed = [
        "mail to alice@example.com from 192.168.1.17\nsecond line",
        "START RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000 Version: $LATEST",
        "GET /health 200",
        "password=hunter2 \"quoted\" 日本",
    ];
    let requests = (1..20).map(|n| json!({"requestId": format!("r-{n}"), "msg": n}).to_string());
    fixed.into_iter().map(str::to_owned).chain(requests).collect()
}

fn config(world: &World) -> String {
    let (address, ca) = (world.log_service.address(), world.ca_file.path().display());
    format!(
        r#"
[destinations.default]
type = "logentries"
endpoint = "{address}"
ca_file = "{ca}"
token = {{ env = "LE_TOKEN" }}
[[routes]]
log_group = "/aws/lambda/*"
destination = "default"
[routes.shape]
exclude = [{{ rule = "lambda-platform" }}, {{ message = "^GET /health" }}]
sample = {{ rate = 0.5, field = "requestId" }}
redact = [{{ find = ["email", "ipv4"] }}, {{ pattern = 'password=(\S+)' }}]
fields = {{ set = {{ team = "payments" }}, group = "^/aws/lambda/(?<service>[^-]+)" }}
format = "prefix"
[[subscriptions]]
log_groups = ["{APP}"]
"#
    )
}

// Nothing here shows the id of an event: the local AWS lists events with other ids than it delivers. The forwarder's
// tests compare lines with ids and in parts.

/// The lines that a preview says are sent, with the token in its place, sorted.
fn shown(preview: &Value) -> Vec<String> {
    let events = preview["events"].as_array().expect("events").iter();
    let lines = events.flat_map(|event| event["lines"].as_array().into_iter().flatten());
    let parts = lines.flat_map(|line| line["parts"].as_array().expect("parts"));
    let mut parts: Vec<String> =
        parts.map(|part| part.as_str().expect("a text").replace(STAND_IN, TOKEN)).collect();
    parts.sort();
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_the_very_lines_that_the_function_sends() {
    let world = World::start().await;
    world.create_log_group(APP).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    std::fs::write(&file, config(&world)).expect("written");
    let file = file.to_str().expect("UTF-8");
    let mut setup = world.command();
    setup.env("LE_TOKEN", TOKEN).args(["--output", "json", "--config", file, "setup", "--yes"]);
    let made: support::Ran = setup.output().expect("cwl2le runs").into();
    made.ok();

    world.put_log_events(APP, &messages()).await;
    // The token is not there, and need not be.
    let preview = world.run(&["--config", file, "preview", "--log-group", APP]).await.ok();
    assert!(!preview.stdout.contains("hunter2") && !preview.stdout.contains("alice@"), "{}", preview.stdout);
    let by_file = preview.json();
    let wanted = shown(&by_file);
    let labels = "/aws/lambda/cart-prod stream service=cart team=payments mail to [email] from [ipv4]\u{2028}second line";
    assert!(wanted.iter().any(|line| line.ends_with(labels)), "{wanted:#?}");
    let arrived = world.log_service.wait_for_lines(wanted.len(), PATIENCE).await;
    let arrived = arrived.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    let mut arrived: Vec<String> = arrived.iter().map(Line::text).collect();
    arrived.sort();
    assert_eq!(arrived, wanted);

    let read = by_file["events_read"].as_u64().expect("a number");
    assert_eq!(read, messages().len() as u64);
    let bytes: usize = arrived.iter().map(|line| line.len() + 1).sum();
    assert_eq!(by_file["destinations"][0]["bytes_after"], json!(bytes));
    let rules: Vec<&Value> =
        by_file["dropped"].as_array().expect("rules").iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(rules, ["exclude[0]", "exclude[1]", "sample"]);

    // Without a file: what the function has.
    let by_function = world.run(&["preview", "--log-group", APP, "--since", "2h"]).await.ok();
    assert!(!by_function.stdout.contains(TOKEN) && !by_function.stderr.contains(TOKEN));
    let by_function = by_function.json();
    assert_eq!(by_function["configuration"], json!("the function cwl-to-logentries"));
    assert_eq!(shown(&by_function), wanted);
    // What AWS selects, the caller's limit, and a past without events.
    let health = world.run(&["preview", "--log-group", APP, "--filter-pattern", "health"]).await.ok().json();
    assert_eq!((&health["events_read"], &health["events_dropped"]), (&json!(1), &json!(1)));
    let few = world.run(&["preview", "--log-group", APP, "--limit", "3"]).await.ok().json();
    assert_eq!((&few["events_read"], &few["complete"]), (&json!(3), &json!(false)));
    let past =
        world.run(&["preview", "--log-group", APP, "--since", "3d", "--until", "2d"]).await.ok().json();
    assert_eq!((&past["events_read"], &past["month"]), (&json!(0), &Value::Null));

    let text = world
        .command()
        .args(["preview", "--log-group", APP, "--samples", "4"])
        .output()
        .expect("cwl2le runs");
    let text: support::Ran = text.into();
    let text = text.ok().stdout;
    assert!(text.contains("4 of 23 events are shown") && text.contains("dropped by exclude[1]"), "{text}");
    world.run(&["--config", file, "teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_needs_no_stack_and_makes_none() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let (ran, calls) = account.run(&["preview", "--log-group", GROUP, "--since", "15m"]).await;
    let preview = ran.ok().json();
    assert!(preview["configuration"].as_str().is_some_and(|text| text.starts_with("none")), "{preview:#}");
    let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
    assert_eq!(calls, ["sts:GetCallerIdentity", "lambda:GetFunction", "logs:FilterLogEvents"]);
    assert_eq!(account.seen().await, account.theirs());

    account.run(&["preview", "--log-group", "/no/such/group"]).await.0.failed(6, "unknown-log-group");
    let swapped = ["preview", "--log-group", GROUP, "--since", "1h", "--until", "2h"];
    account.run(&swapped).await.0.failed(2, "usage");
    let nobody = ["preview", "--log-group", GROUP, "--destination", "nobody"];
    account.run(&nobody).await.0.failed(2, "usage");
    account.run(&["preview", "--log-group", GROUP, "--since", "yesterday"]).await.0.failed(2, "usage");
}
