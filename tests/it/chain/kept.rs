//! What cannot be delivered is kept in S3, through the whole chain on the local AWS: poison by the function, what is
//! too old by the trigger.

use std::time::Duration;

use aws_sdk_kinesis::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cwl2le_local::Options;
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use crate::support::s3;
use crate::support::{REGION, World};

const PATIENCE: Duration = Duration::from_secs(60);
const GROUP: &str = "/app/a";

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_put_into_the_quarantine_with_what_setup_grants() {
    // The local AWS evaluates the policy of the function's role.
    let world = World::start_with(Options { auth: true, ..Options::default() }).await;
    s3::create(&world, "set-aside").await;
    world.create_log_group(GROUP).await;
    let made = world.setup(&["--log-group", GROUP, "--quarantine", "s3://set-aside/logs"]).await.ok();
    assert!(
        made.stdout.contains("\"key\": \"quarantine\"") && made.stdout.contains("s3://set-aside/logs"),
        "{}",
        made.stdout
    );
    let kinesis = aws_sdk_kinesis::Client::new(&world.config(REGION));
    let put = async |data: &[u8]| {
        let put = kinesis.put_record().stream_name("cloudwatch-logs-stream").partition_key("p");
        put.data(Blob::new(data)).send().await.expect("put").sequence_number
    };
    let number = put(b"no gzip at all").await;
    world.put_log_events(GROUP, &["fine".to_owned()]).await;
    let key = format!("logs/cloudwatch-logs-stream/shardId-000000000000/{number}");
    assert_eq!(s3::keys(&world, "set-aside", 1).await, std::slice::from_ref(&key));
    let kept = s3::object(&world, "set-aside", &key).await;
    assert_eq!(
        (&kept.body[..], &kept.headers["x-amz-meta-reason"]),
        (&b"no gzip at all"[..], &"not_gzip".parse().expect("a value"))
    );
    let lines = world.log_service.wait_for_lines(1, PATIENCE).await;
    assert!(lines.expect("a line")[0].text().ends_with(" fine"));

    // It counts for an hour, and the report says so.
    let checked = world.run(&["status", "--check"]).await;
    let report = checked.json();
    assert_eq!((checked.code, &report["set_aside"]["why"]), (8, &json!("quarantined")), "{report:#}");
    assert!(report["next"].as_str().is_some_and(|next| next.contains("doctor")), "{report:#}");

    // What is not asked for stays; it is shown; and it can be taken away.
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));
    let status = world.run(&["status"]).await.ok().stdout;
    assert!(status.contains("quarantine s3://set-aside/logs"), "{status}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cwl2le.toml");
    let file = file.to_str().expect("UTF-8");
    world.run(&["init", "--from-account", "--to", file]).await.ok();
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains("quarantine = \"s3://set-aside/logs\""), "{text}");
    let allowed = world.run(&["policies", "forwarder", "--config", file]).await.ok().stdout;
    assert!(allowed.contains("arn:aws:s3:::set-aside/logs/*"), "{allowed}");
    let none = world.run(&["setup", "--quarantine", "none"]).await.ok().stdout;
    assert!(none.contains("s3:PutObject") && none.contains("s3://set-aside/logs"), "{none}");
    put(b"poison again").await;
    world.put_log_events(GROUP, &["after it".to_owned()]).await;
    world.log_service.wait_for_lines(2, PATIENCE).await.expect("a line");
    assert_eq!(s3::keys(&world, "set-aside", 1).await.len(), 1);
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let report = world.run(&["status"]).await.ok().json();
        if report["verdict"] == "losing" {
            assert!(report["why"].to_string().contains("no quarantine keeps"), "{report:#}");
            break;
        }
        assert!(tokio::time::Instant::now() < end, "records are lost without a word: {report:#}");
    }
    world.run(&["setup", "--quarantine", "bucket"]).await.failed(2, "usage");
    world.run(&["teardown", "--yes"]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_when_the_log_service_comes_back_is_in_s3_with_its_data() {
    let world = World::start_with(Options { auth: true, ..Options::default() }).await;
    s3::create(&world, "expired-logs").await;
    world.create_log_group(GROUP).await;
    let flags = ["--log-group", GROUP, "--batch-window", "0", "--on-failure", "arn:aws:s3:::expired-logs"];
    let made = world.setup(&flags).await.ok().stdout;
    assert!(
        made.contains("\"maximum_record_age_seconds\"") && made.contains("82800"),
        "an hour less than the stream keeps records: {made}"
    );
    assert_eq!(world.run(&["setup"]).await.ok().json()["changed"], json!(false));

    let uuid = world.let_records_expire_after_a_second().await;
    world.log_service.stop_listening();
    let messages: Vec<String> = (0..30).map(|n| format!("too old {n}")).collect();
    for some in messages.chunks(10) {
        world.put_log_events(GROUP, some).await;
    }
    let mut found: Vec<String> = Vec::new();
    let mut objects = 1;
    while found.len() < messages.len() {
        found.clear();
        let keys = s3::keys(&world, "expired-logs", objects).await;
        objects = keys.len() + 1;
        for key in keys {
            assert!(key.starts_with(&format!("aws/lambda/{uuid}/shardId-000000000000/")), "{key}");
            found.extend(messages_of(&s3::object(&world, "expired-logs", &key).await.body));
        }
    }
    // Objects are listed by name, which says nothing of their order within a second.
    let sorted = |messages: &[String]| messages.iter().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!((found.len(), sorted(&found)), (messages.len(), sorted(&messages)));

    // What comes after the outage arrives, with the age that AWS has by `setup`.
    let again = world.run(&["setup"]).await.ok().stdout;
    assert!(again.contains("\"old\": 1,") && again.contains("\"new\": 82800"), "{again}");
    world.log_service.resume();
    world.put_log_events(GROUP, &["young enough".to_owned()]).await;
    let lines = world.log_service.wait_for_lines(1, PATIENCE).await;
    let lines = lines.unwrap_or_else(|few| panic!("{few}\n{}", world.aws().logs_tail(40)));
    assert!(lines[0].text().ends_with(" young enough"));
    let status = world.run(&["status"]).await.ok().stdout;
    assert!(status.contains("what expires goes to arn:aws:s3:::expired-logs"), "{status}");
    world.run(&["teardown", "--yes"]).await.ok();
}

/// The messages of the log events in an invocation that AWS gave up.
fn messages_of(document: &[u8]) -> Vec<String> {
    let document: Value = serde_json::from_slice(document).expect("JSON");
    assert_eq!(document["requestContext"]["condition"], json!("MaxRecordAgeExceeded"));
    let payload: Value = serde_json::from_str(document["payload"].as_str().expect("a text")).expect("JSON");
    let records = payload["Records"].as_array().expect("records");
    assert_eq!(document["KinesisBatchInfo"]["batchSize"], json!(records.len()));
    let mut messages = Vec::new();
    for record in records {
        let data = STANDARD.decode(record["kinesis"]["data"].as_str().expect("a text")).expect("base64");
        let data: Value = serde_json::from_reader(MultiGzDecoder::new(&data[..])).expect("JSON in gzip");
        if data["messageType"] == json!("DATA_MESSAGE") {
            let events = data["logEvents"].as_array().expect("events").iter();
            messages.extend(events.map(|event| event["message"].as_str().expect("a text").to_owned()));
        }
    }
    messages
}
