//! What expired in an outage is sent again, through the whole chain on the local AWS.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::s3;
use crate::support::{REGION, Ran, World};

const PATIENCE: Duration = Duration::from_secs(90);
const GROUP: &str = "/app/a";
const REPLAY: [&str; 3] = ["replay", "--from", "on-failure"];

fn replay<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&REPLAY[..], more].concat()
}

/// Somebody who has the policy of whoever is on call, and no other right.
struct OnCall<'w> {
    world: &'w World,
    key: (String, String),
}

impl<'w> OnCall<'w> {
    async fn hired(world: &'w World) -> Self {
        let policies = world.run(&["policies", "on-call"]).await.ok().json();
        let iam = aws_sdk_iam::Client::new(&world.config(REGION));
        iam.create_user().user_name("person").send().await.expect("a user");
        let put = iam.put_user_policy().user_name("person").policy_name("on-call");
        put.policy_document(policies["policies"]["on-call"].to_string()).send().await.expect("a policy");
        let key = iam.create_access_key().user_name("person").send().await.expect("a key").access_key;
        let key = key.expect("a key");
        Self { world, key: (key.access_key_id, key.secret_access_key) }
    }

    async fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.world.command();
        command.env("AWS_ACCESS_KEY_ID", &self.key.0).env("AWS_SECRET_ACCESS_KEY", &self.key.1);
        command.args(["--output", "json"]).args(args);
        let ran = tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into());
        ran.await.expect("no panic")
    }
}

/// Waits until this many events have expired.
async fn wait_for_expired(world: &World, events: usize) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let planned = world.run(&replay(&["--dry-run"])).await.ok().json();
        let found = planned["chosen"]["events"].as_u64().expect("a number");
        if found >= events as u64 {
            return planned;
        }
        assert!(Instant::now() < deadline, "{planned:#}\n{}", world.aws().logs_tail(60));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_in_an_outage_arrives_once_and_nothing_else_arrives_again() {
    let world = World::start_with(Options { auth: true, ..Options::default() }).await;
    s3::create(&world, "expired-again").await;
    world.create_log_group(GROUP).await;
    let flags = ["--log-group", GROUP, "--batch-window", "0", "--on-failure", "arn:aws:s3:::expired-again"];
    world.setup(&flags).await.ok();
    let before: Vec<String> = (0..5).map(|n| format!("before {n}")).collect();
    world.put_log_events(GROUP, &before).await;
    world.log_service.wait_for_lines(before.len(), PATIENCE).await.expect("lines");

    world.let_records_expire_after_a_second().await;
    world.log_service.stop_listening();
    let expired: Vec<String> = (0..30).map(|n| format!("expired {n}")).collect();
    for some in expired.chunks(10) {
        world.put_log_events(GROUP, some).await;
    }
    let planned = wait_for_expired(&world, expired.len()).await;
    assert_eq!(planned["log_groups"], json!([{"log_group": GROUP, "events": 30}]));
    assert_eq!((&planned["sent"]["records"], &planned["dry_run"]), (&json!(0), &json!(true)));
    let records = planned["chosen"]["records"].as_u64().expect("a number");
    world.setup(&flags).await.ok();
    world.log_service.resume();

    // Nothing is sent without consent. Whoever is on call may do all of this.
    let on_call = OnCall::hired(&world).await;
    on_call.run(&replay(&[])).await.failed(3, "not-confirmed");
    let listed = on_call.run(&replay(&["--list"])).await.ok().json();
    assert_eq!(listed["rows"][0]["reasons"], json!(["MaxRecordAgeExceeded"]));

    // The first record, then the others, then nothing.
    let first = on_call.run(&replay(&["--yes", "--limit", "1"])).await.ok().json();
    assert_eq!((&first["sent"]["records"], &first["limited"]), (&json!(1), &json!(true)));
    let rest = on_call.run(&replay(&["--yes"])).await.ok().json();
    assert_eq!(rest["sent"]["records"], json!(records - 1), "{rest:#}");
    assert_eq!(rest["complete"], json!(true));
    let again = on_call.run(&replay(&["--yes"])).await.ok().json();
    assert_eq!((&again["found"]["objects"], &again["sent"]["records"]), (&json!(0), &json!(0)), "{again:#}");

    // Every line has arrived once when a later one is there.
    world.log_service.wait_for_lines(before.len() + expired.len(), PATIENCE).await.expect("lines");
    world.put_log_events(GROUP, &["after".to_owned()]).await;
    let all = before.len() + expired.len() + 1;
    let lines = world.log_service.wait_for_lines(all, PATIENCE).await;
    let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in &lines {
        let text = line.text();
        let words: Vec<&str> = text.rsplitn(3, ' ').collect();
        let message =
            if words[0] == "after" { "after".to_owned() } else { format!("{} {}", words[1], words[0]) };
        *counts.entry(message).or_default() += 1;
    }
    let wanted = before.iter().chain(&expired).cloned().chain(["after".to_owned()]);
    assert_eq!(counts, wanted.map(|message| (message, 1)).collect());

    // All that arrived in the stream can be sent to one destination, by whoever is on call: what was live, what expired,
    // and the same once more as it was replayed.
    let stream = ["replay", "--from", "stream", "--since", "1h", "--yes"];
    on_call.run(&stream).await.failed(2, "usage");
    let none = on_call.run(&[&stream[..], &["--into", "nobody"]].concat()).await.failed(2, "usage");
    assert!(none.json()["error"]["message"].to_string().contains("it has: default"), "{none:?}");
    let streamed = on_call.run(&[&stream[..], &["--into", "default"]].concat()).await.ok().json();
    let in_stream = all + expired.len();
    assert_eq!(streamed["delivery"]["delivered"], json!(in_stream), "{streamed:#}");
    assert_eq!((&streamed["complete"], &streamed["to"]["into"]), (&json!(true), &json!("destination")));
    world.log_service.wait_for_lines(all + in_stream, PATIENCE).await.expect("lines");

    // One object can be forwarded to one destination, by its URL.
    let place = planned["found"]["places"][0].as_str().expect("a place");
    let url = format!("{place}{}", key_within(&listed, place));
    let forwarded = world.run(&["forward", "--input", &url, "--to", "default"]).await.ok().json();
    assert_eq!((&forwarded["complete"], &forwarded["failed"]), (&json!(true), &json!(0)), "{forwarded:#}");
    assert!(forwarded["delivered"].as_u64().is_some_and(|delivered| delivered > 0), "{forwarded:#}");
    world.run(&["teardown", "--yes"]).await.ok();
}

/// The key of the first object of a list, without what the URL of its place has of it.
fn key_within(listed: &Value, place: &str) -> String {
    let key = listed["rows"][0]["key"].as_str().expect("a key");
    let prefix = place.strip_prefix("s3://expired-again/").expect("the bucket");
    key.strip_prefix(prefix).expect("the prefix").to_owned()
}
