//! A central account and its members: lines of other accounts arrive, and it is seen where they do not.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use cwl2le_local::log_service::Line;
use serde_json::{Value, json};

use crate::support::aws::{Home, app_name};
use crate::support::{REGION, World};

const PATIENCE: Duration = Duration::from_secs(90);
const DESTINATION: &str = "cwl-from-accounts";
const ROLE: &str = "cwl-to-kinesis-accounts";
const ORGANIZATION: &str = "o-a1b2c3d4e5";

/// Another account, whose log groups are subscribed by plain calls of the API.
struct Member(Home);

impl Member {
    fn of(world: &World) -> Self {
        Self(Home::new(Arc::clone(&world.home.aws)))
    }

    fn id(&self) -> &str {
        &self.0.account
    }

    fn config(&self) -> SdkConfig {
        let keys = self.0.credentials();
        let keys = Credentials::new(keys.access_key_id, keys.secret_access_key, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(REGION))
            .app_name(app_name())
            .endpoint_url(self.0.aws.endpoint())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config())
    }

    /// A log group with a filter that leads to the destination.
    async fn subscribe(&self, log_group: &str, destination: &str, role: Option<&str>) {
        let logs = self.logs();
        logs.create_log_group().log_group_name(log_group).send().await.expect("a log group");
        let stream = logs.create_log_stream().log_group_name(log_group).log_stream_name("stream");
        stream.send().await.expect("a log stream");
        let filter = logs.put_subscription_filter().log_group_name(log_group).filter_name("central");
        let filter = filter.filter_pattern("").destination_arn(destination);
        filter.set_role_arn(role.map(ToOwned::to_owned)).send().await.expect("a filter");
    }

    async fn log(&self, log_group: &str, message: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let now = i64::try_from(now).expect("before the year 292 million");
        let event = InputLogEvent::builder().timestamp(now).message(message).build().expect("an event");
        let put = self.logs().put_log_events().log_group_name(log_group).log_stream_name("stream");
        put.log_events(event).send().await.expect("events are put");
    }

    /// The role that a filter needs for an organization.
    async fn role(&self) -> String {
        let iam = aws_sdk_iam::Client::new(&self.config());
        let allow =
            |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let trust = allow(json!({
            "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" }, "Action": "sts:AssumeRole"
        }));
        let made = iam.create_role().role_name("to-central").assume_role_policy_document(trust).send().await;
        let write = allow(json!({ "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" }));
        let policy =
            iam.put_role_policy().role_name("to-central").policy_name("write").policy_document(write);
        policy.send().await.expect("a policy");
        made.expect("a role").role.expect("a role").arn
    }
}

fn destination_of(world: &World) -> String {
    format!("arn:aws:logs:{REGION}:{}:destination:{DESTINATION}", world.home.account)
}

async fn lines(world: &World, number: usize) -> Vec<String> {
    let received = world.log_service.wait_for_lines(number, PATIENCE).await;
    let received = received.unwrap_or_else(|error| panic!("{error:?}\n{}", world.aws().logs_tail(30)));
    received.iter().map(text).collect()
}

/// What a line says behind its token.
fn text(line: &Line) -> String {
    let text = String::from_utf8_lossy(&line.bytes);
    text.split_once(' ').map_or_else(|| text.to_string(), |(_, message)| message.to_owned())
}

/// What a finding of `doctor` says.
async fn finding(world: &World, check: &str) -> Value {
    let report = world.run(&["doctor"]).await.json();
    let all = report["checks"].as_array().cloned().unwrap_or_default();
    all.into_iter().find(|one| one["check"] == check).unwrap_or_else(|| panic!("no {check}: {report:#}"))
}

async fn set_trust(world: &World, condition: Value) {
    let iam = aws_sdk_iam::Client::new(&world.config(REGION));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" }, "Action": "sts:AssumeRole",
        "Condition": condition,
    }] });
    let set = iam.update_assume_role_policy().role_name(ROLE).policy_document(trust.to_string());
    set.send().await.expect("a trust policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_an_accepted_account_arrive_and_a_broken_trust_is_seen_and_repaired() {
    let world = World::start().await;
    let (member, silent) = (Member::of(&world), Member::of(&world));
    let accept = format!("{},{}", silent.id(), member.id());
    let made = world.setup(&["--accept-accounts", &accept]).await.ok().json();
    let next = made["next"][0]["command"].as_str().unwrap_or_default();
    assert!(next.contains(&format!("subscribe --to-destination {}", destination_of(&world))), "{made:#}");
    assert_eq!(world.setup(&["--accept-accounts", &accept]).await.ok().json()["changed"], json!(false));
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false), "what was asked for stays");

    // The forwarder of this account logs to a group of the same name as the member's, which is no loop.
    member.subscribe("/app/shop", &destination_of(&world), None).await;
    member.subscribe("/aws/lambda/cwl-to-logentries", &destination_of(&world), None).await;
    member.log("/app/shop", "paid 17").await;
    member.log("/aws/lambda/cwl-to-logentries", "of another forwarder").await;
    let mut arrived = lines(&world, 2).await;
    arrived.sort();
    assert_eq!(arrived, ["of another forwarder", "paid 17"]);

    let status = world.run(&["status"]).await.ok().json();
    assert_eq!(status["ready"], json!(true), "{status:#}");
    let mut senders = vec![
        json!({ "account": member.id(), "accepted": true, "events": 2 }),
        json!({ "account": silent.id(), "accepted": true, "events": 0 }),
    ];
    senders.sort_by_key(|one| one["account"].as_str().map(ToOwned::to_owned));
    assert_eq!(
        (&status["accounts"]["senders"], &status["accounts"]["is_whole"]),
        (&json!(senders), &json!(true))
    );
    let sends = finding(&world, "accounts-send").await;
    assert_eq!(
        (&sends["state"], &sends["data"]["accounts"]),
        (&json!("warn"), &json!([silent.id()])),
        "{sends:#}"
    );

    // As a role of the own account has it: AWS takes it, and drops every line of the members.
    set_trust(&world, json!({ "StringEquals": { "aws:SourceAccount": world.home.account } })).await;
    member.log("/app/shop", "dropped").await;
    let trusted = finding(&world, "accounts-trusted").await;
    assert_eq!(trusted["state"], "fault", "{trusted:#}");
    assert_eq!(world.run(&["status"]).await.json()["ready"], json!(false));
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(true));
    member.log("/app/shop", "paid 18").await;
    assert_eq!(lines(&world, 3).await[2], "paid 18", "nothing that was dropped comes later");
    assert_eq!(finding(&world, "accounts-trusted").await["state"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_accepted_any_more_stops_and_a_teardown_leaves_nothing() {
    let world = World::start().await;
    let (member, other) = (Member::of(&world), Member::of(&world));
    let both = format!("{},{}", member.id(), other.id());
    world.setup(&["--accept-accounts", &both]).await.ok();
    for one in [&member, &other] {
        one.subscribe("/app/shop", &destination_of(&world), None).await;
    }
    world.run(&["setup", "--accept-accounts", other.id()]).await.ok();
    member.log("/app/shop", "no longer").await;
    other.log("/app/shop", "still").await;
    assert_eq!(lines(&world, 1).await, ["still"]);

    let gone = world.run(&["setup", "--accept-accounts", "none"]).await.ok().json();
    let of = |change: &Value| {
        format!(
            "{} {}",
            change["verb"].as_str().unwrap_or_default(),
            change["resource"]["kind"].as_str().unwrap_or_default()
        )
    };
    let changes: Vec<String> = gone["changes"].as_array().into_iter().flatten().map(of).collect();
    assert_eq!(changes, ["delete logs-destination", "delete role"], "{gone:#}");
    other.log("/app/shop", "nowhere").await;
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));

    world.run(&["setup", "--accept-accounts", other.id()]).await.ok();
    other.log("/app/shop", "again").await;
    assert_eq!(lines(&world, 2).await[1], "again", "the filter that was there leads to the new one");
    world.run(&["teardown"]).await.ok();
    let left = world.aws().contents(&world.home.account).await.expect("its contents");
    for name in [DESTINATION, ROLE, "cwl-to-kinesis", "cloudwatch-logs-stream"] {
        assert!(!left.contains(name), "{name} is left: {left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_accepted_and_whether_aws_gives_its_id_to_the_role_is_seen() {
    let world = World::start().await;
    let member = Member::of(&world);
    let aws = world.aws();
    aws.set_organization(member.id(), Some(ORGANIZATION), false).await.expect("a member");
    let made = world.setup(&["--accept-organization", ORGANIZATION]).await.ok().json();
    assert!(made["notes"].to_string().contains("aws:SourceOrgID"), "{made:#}");
    let role = member.role().await;
    member.subscribe("/app/shop", &destination_of(&world), Some(&role)).await;
    member.log("/app/shop", "dropped without the id").await;
    let sends = finding(&world, "accounts-send").await;
    assert_eq!(sends["state"], "warn", "{sends:#}");
    assert!(sends["advice"].to_string().contains("aws:SourceOrgID"), "{sends:#}");

    aws.set_organization(member.id(), Some(ORGANIZATION), true).await.expect("a member");
    member.log("/app/shop", "with the id").await;
    assert_eq!(lines(&world, 1).await, ["with the id"]);
    let status = world.run(&["status"]).await.ok().json();
    let sender = json!([{ "account": member.id(), "accepted": null, "events": 1 }]);
    assert_eq!(
        (&status["accounts"]["organization"], &status["accounts"]["senders"]),
        (&json!(ORGANIZATION), &sender)
    );

    // The way out where AWS does not give it.
    aws.set_organization(member.id(), Some(ORGANIZATION), false).await.expect("a member");
    world.run(&["setup", "--accept-accounts", member.id()]).await.ok();
    member.log("/app/shop", "by its own id").await;
    assert_eq!(lines(&world, 2).await[1], "by its own id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_somebody_changed_or_deleted_is_seen_and_restored() {
    let world = World::start().await;
    let member = Member::of(&world);
    world.setup(&["--accept-accounts", member.id()]).await.ok();
    assert_eq!(finding(&world, "accounts-accepted").await["state"], "ok");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.config(REGION));

    // Somebody adds an account, and the own one.
    let stranger = "123123123123";
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": [member.id(), stranger, world.home.account] },
        "Action": "logs:PutSubscriptionFilter", "Resource": destination_of(&world),
    }] });
    let put = logs.put_destination_policy().destination_name(DESTINATION).access_policy(policy.to_string());
    put.send().await.expect("an access policy");
    let trusted = finding(&world, "accounts-trusted").await;
    assert_eq!(trusted["state"], "fault", "{trusted:#}");
    assert!(trusted.to_string().contains(&format!("setup would trust {stranger}")), "{trusted:#}");
    assert_eq!(world.run(&["plan"]).await.json()["error"], Value::Null, "the own account is in nobody's way");
    world.run(&["setup", "--accept-accounts", member.id()]).await.ok();

    // Somebody deletes it, and its role stays.
    let delete =
        || async { logs.delete_destination().destination_name(DESTINATION).send().await.expect("deleted") };
    delete().await;
    let deleted = finding(&world, "accounts-accepted").await;
    assert_eq!(deleted["state"], "fault", "{deleted:#}");
    let checked = world.run(&["status", "--check"]).await;
    assert_eq!((checked.code, &checked.json()["ready"]), (8, &json!(false)));
    world.run(&["setup", "--accept-accounts", member.id()]).await.ok();
    member.subscribe("/app/shop", &destination_of(&world), None).await;
    member.log("/app/shop", "paid 17").await;
    assert_eq!(lines(&world, 1).await, ["paid 17"]);

    delete().await;
    world.run(&["setup"]).await.ok();
    let left = world.aws().contents(&world.home.account).await.expect("its contents");
    assert!(!left.contains(ROLE), "{ROLE} is left: {left}");
    assert_eq!(world.run(&["status", "--check"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_would_refuse_is_refused_before_the_first_change() {
    let world = World::start().await;
    let own = world.home.account.clone();
    for accept in ["11111111111", "arn:aws:iam::111111111111:root", &own] {
        let ran = world.setup(&["--accept-accounts", accept]).await;
        assert_eq!(ran.code, 2, "{accept}: {ran:?}");
    }
    assert_eq!(world.setup(&["--accept-organization", "o-X"]).await.code, 2);
    let many: Vec<String> = (0..200).map(|number| format!("{number:012}")).collect();
    let ran = world.setup(&["--accept-accounts", &many.join(",")]).await;
    assert!(
        ran.code == 2 && ran.json()["error"]["hint"].to_string().contains("--accept-organization"),
        "{ran:?}"
    );
    let status = world.run(&["status"]).await.json();
    assert_eq!(status["verdict"], "not-set-up", "{status:#}");
}
