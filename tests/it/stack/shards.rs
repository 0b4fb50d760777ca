//! The number of shards of a stream, which Kinesis changes a few times a day only.

use std::time::{Duration, SystemTime};

use cwl2le_local::{Call, Fault, Injection, Metric, Options, When};
use serde_json::{Value, json};

use crate::support::REGION;
use crate::support::account::{Account, Ground, setup};

async fn open_shards(account: &Account) -> Option<i32> {
    let kinesis = aws_sdk_kinesis::Client::new(&account.config);
    let read = kinesis.describe_stream_summary().stream_name("cloudwatch-logs-stream").send().await;
    read.expect("the stream").stream_description_summary.map(|summary| summary.open_shard_count)
}

/// The connection breaks before the call arrives, or after Kinesis has changed the stream: only that is not done again.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_is_lost_is_looked_at_before_it_is_repeated() {
    let ground = Ground::start(Options::default()).await;
    for (when, changes) in [(When::After, 2), (When::Before, 3)] {
        let account = ground.account().await;
        account.run(&setup(&[])).await.0.ok();
        let call = Call { service: "kinesis".to_owned(), operation: "UpdateShardCount".to_owned() };
        let lost = Injection { of: Some(call.clone()), at: 1, times: 1, when, fault: Fault::Reset };
        let (ran, calls) = account.run_with(Some(lost), &["setup", "--shards", "4"]).await;
        let report = ran.ok().json();
        assert!(report.to_string().contains("2 of the 10 that Kinesis allows in 24 hours"), "{report:#}");
        assert_eq!(calls.iter().filter(|made| **made == call).count(), changes, "{when:?}");
        assert_eq!(open_shards(&account).await, Some(4), "{when:?}");
    }
}

/// Has a minute of three days ago in which this many records a second arrived in the stream.
async fn busy(ground: &Ground, account: &Account, records: f64) {
    let time = SystemTime::now() - Duration::from_hours(72);
    let dimensions = [("StreamName", "cloudwatch-logs-stream")];
    let of = |name, value| Metric { namespace: "AWS/Kinesis", name, dimensions: &dimensions, time, value };
    let metrics = [of("IncomingRecords", records * 60.0), of("IncomingBytes", records * 60.0 * 100.0)];
    ground.aws.put_metrics(&account.id, REGION, &metrics).await.expect("recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_takes_as_many_shards_as_the_busiest_minute_of_the_last_days_needs() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    // Of a new stream nothing is known, and nothing is asked.
    let (ran, calls) = account.run(&setup(&["--shards", "auto"])).await;
    let report = ran.ok().json();
    assert!(report["notes"].to_string().contains("stays at 1 shard"), "{report:#}");
    let reads = |calls: &[Call]| calls.iter().any(|call| call.operation == "GetMetricData");
    assert!(!reads(&calls), "{calls:?}");

    busy(&ground, &account, 2200.0).await;
    let (ran, _) = account.run(&["setup", "--shards", "auto", "--yes"]).await;
    let report = ran.ok().json();
    let fields: Vec<&Value> = report["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|step| step["fields"].as_array())
        .flatten()
        .collect();
    let shards = fields.iter().find(|field| field["name"] == "shards").expect("the number of shards changes");
    assert_eq!((&shards["old"], &shards["new"]), (&json!(1), &json!(4)), "{report:#}");
    let why = shards["why"].as_str().unwrap_or_default();
    assert!(why.contains("busiest minute of 7 days") && why.contains("2 200 records/s"), "{why}");
    let changes = fields.iter().find(|field| field["name"] == "shard_changes").expect("its steps");
    assert_eq!(changes["new"], json!([2, 4]), "{report:#}");
    assert_eq!(open_shards(&account).await, Some(4));
    // Again it changes nothing, and says why.
    let (ran, _) = account.run(&["plan", "--shards", "auto"]).await;
    let report = ran.ok().json();
    assert_eq!(report["changes"], json!([]), "{report:#}");
    assert!(report["notes"].to_string().contains("stays at 4 shards"), "{report:#}");

    // Without the metrics there is no number, so nothing is changed.
    let fault = Fault::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "no identity-based policy allows it".to_owned(),
    };
    let of = Some(Call { service: "monitoring".to_owned(), operation: "GetMetricData".to_owned() });
    let denied = Injection { of, at: 1, times: usize::MAX, when: When::Before, fault };
    let (ran, calls) = account.run_with(Some(denied), &["setup", "--shards", "auto", "--yes"]).await;
    let error = ran.failed(4, "access-denied").json();
    assert!(error.to_string().contains("give a number in place of `auto`"), "{error:#}");
    assert!(calls.iter().all(|call| call.operation != "UpdateShardCount"), "{calls:?}");
}
