//! The number of shards of a stream, which Kinesis changes a few times a day only.

use cwl2le_local::{Call, Fault, Injection, Options, When};

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
