//! What expired in an outage is sent again, through the whole chain on the local AWS.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use cwl2le_local::Options;
use serde_json::{Value, json};

use crate::support::s3;
use crate::support::{REGION, Ran, World};

const PATIENCE: Duration = Duration::from_secs(90);
const GROUP: &str = "/app/a";
const BUCKET: &str = "expired-again";
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

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command();
        command.env("AWS_ACCESS_KEY_ID", &self.key.0).env("AWS_SECRET_ACCESS_KEY", &self.key.1);
        command.args(args);
        command
    }

    async fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.command(&[&["--output", "json"], args].concat());
        let ran = tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into());
        ran.await.expect("no panic")
    }

    /// Runs it while a policy denies an action.
    async fn run_denied(&self, action: &str, args: &[&str]) -> Ran {
        let iam = aws_sdk_iam::Client::new(&self.world.config(REGION));
        let policy = json!({"Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]});
        let put = iam.put_user_policy().user_name("person").policy_name("denied");
        put.policy_document(policy.to_string()).send().await.expect("a policy");
        let ran = self.run(args).await;
        let delete = iam.delete_user_policy().user_name("person").policy_name("denied");
        delete.send().await.expect("no policy");
        ran
    }

    /// Stops a run over so many records by Ctrl-C when it has noted that it has sent one, and runs what it says. Returns
    /// how many it has sent until then.
    #[cfg(unix)]
    async fn stopped_and_run_again(&self, records: u64) -> (u64, Ran) {
        let slowly = replay(&["--output", "json", "--yes", "--records-per-second", "1"]);
        let (stdout, stderr) = (std::process::Stdio::piped(), std::process::Stdio::piped());
        let child = self.command(&slowly).stdout(stdout).stderr(stderr).spawn().expect("cwl2le runs");
        let deadline = Instant::now() + PATIENCE;
        while !has_a_run_that_goes_on(self.world).await {
            assert!(Instant::now() < deadline, "it has sent nothing");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends"));
        let ended = Ran::from(ended.await.expect("no panic"));
        let said = ended.json();
        assert_eq!((ended.code, &said["interrupted"]), (130, &json!(true)), "{said:#}");
        let sent = said["sent"]["records"].as_u64().expect("a number");
        assert!((1..records).contains(&sent), "of {records} records: {said:#}");
        // Nobody here wants to wait for the rest at one record a second.
        let next = said["next"][0]["command"].as_str().expect("a command");
        let next = next.replace("--records-per-second 1", "--records-per-second 250");
        let mut again = self.command(&next.split(' ').skip(1).collect::<Vec<_>>());
        let again = tokio::task::spawn_blocking(move || again.output().expect("cwl2le runs"));
        (sent, again.await.expect("no panic").into())
    }
}

/// Whether a run has sent a record and has not ended, as its manifest says.
#[cfg(unix)]
async fn has_a_run_that_goes_on(world: &World) -> bool {
    for key in s3::keys(world, BUCKET, 0).await.iter().filter(|key| key.starts_with("cwl2le/replayed/")) {
        let manifest = s3::object(world, BUCKET, key).await;
        let manifest: Value = serde_json::from_slice(&manifest.body).expect("JSON");
        let has_sent = manifest["objects"].as_object().is_some_and(|objects| !objects.is_empty());
        if manifest["ended"] == json!(false) && has_sent {
            return true;
        }
    }
    false
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
    s3::create(&world, BUCKET).await;
    world.create_log_group(GROUP).await;
    let flags = ["--log-group", GROUP, "--batch-window", "0", "--on-failure", "arn:aws:s3:::expired-again"];
    world.setup(&flags).await.ok();
    let before: Vec<String> = (0..5).map(|n| format!("before {n}")).collect();
    world.put_log_events(GROUP, &before).await;
    world.log_service.wait_for_lines(before.len(), PATIENCE).await.expect("lines");

    world.let_records_expire_after_a_second().await;
    world.log_service.stop_listening();
    let expired: Vec<String> = (0..30).map(|n| format!("expired {n}")).collect();
    for line in &expired {
        world.put_log_events(GROUP, std::slice::from_ref(line)).await;
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

    // None while the stream takes nothing, then the first record, some until Ctrl-C, the others, then none.
    let none = on_call.run_denied("kinesis:PutRecords", &replay(&["--yes"])).await;
    let said = none.json();
    assert_eq!((none.code, &said["sent"]["records"]), (9, &json!(0)), "{said:#}");
    assert!(said["failure"].to_string().contains("AccessDenied"), "{said:#}");
    let first = on_call.run(&replay(&["--yes", "--limit", "1"])).await.ok().json();
    assert_eq!((&first["sent"]["records"], &first["limited"]), (&json!(1), &json!(true)));
    #[cfg(unix)]
    let (stopped, rest) = on_call.stopped_and_run_again(records - 1).await;
    #[cfg(not(unix))]
    let (stopped, rest) = (0, on_call.run(&replay(&["--yes"])).await);
    let rest = rest.ok().json();
    assert_eq!(rest["sent"]["records"], json!(records - 1 - stopped), "{rest:#}");
    assert_eq!(rest["complete"], json!(true));
    // Nothing waits any more.
    let report = on_call.run(&["doctor", "--only", "expired-waiting"]).await.ok().json();
    let found = report["checks"].as_array().expect("checks").iter();
    let mut found = found.filter(|finding| finding["check"] == "expired-waiting");
    let waiting = found.next().expect("a finding");
    assert!(waiting["found"].to_string().contains("has sent all of them again"), "{report:#}");
    // Somebody else's object beside them is named, and not taken for one that was sent.
    let odd = format!("{}-odd", listed["rows"][0]["key"].as_str().expect("a key"));
    s3::put(&world, BUCKET, &odd, "not of Lambda").await;
    let again = on_call.run(&replay(&["--yes"])).await;
    let said = again.json();
    assert_eq!((again.code, &said["sent"]["records"]), (7, &json!(0)), "{said:#}");
    assert_eq!((&said["found"]["objects"], &said["unreadable_objects"]), (&json!(1), &json!(1)), "{said:#}");

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
    let prefix = place.strip_prefix(&format!("s3://{BUCKET}/")).expect("the bucket");
    key.strip_prefix(prefix).expect("the prefix").to_owned()
}
