//! What Kinesis answers of a stream that is there already, gone already, or on its way.

use std::sync::Mutex;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::aws as kinesis;
use super::desired::StreamMode;
use crate::aws::tests::*;
use crate::error::Code;
use crate::stack::Tags;

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";
const ONE_SHARD: StreamMode = StreamMode::Provisioned { shards: 1 };

fn summary(status: &str, shards: u32) -> Answer {
    Answer::Json(json!({ "StreamDescriptionSummary": {
        "StreamName": "s", "StreamARN": STREAM, "StreamStatus": status, "RetentionPeriodHours": 24,
        "StreamModeDetails": { "StreamMode": "PROVISIONED" }, "OpenShardCount": shards,
        "EnhancedMonitoring": [], "StreamCreationTimestamp": 1,
    }}))
}

fn stream_tags(tags: &Tags) -> Answer {
    let tags: Vec<Value> = tags.iter().map(|(k, v)| json!({ "Key": k, "Value": v })).collect();
    Answer::Json(json!({ "Tags": tags, "HasMoreTags": false }))
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_created_with_its_tags_and_waited_for() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "DescribeStreamSummary" if request.before == 0 => Answer::missing("stream"),
        "DescribeStreamSummary" if request.before < 4 => summary("CREATING", 0),
        "DescribeStreamSummary" => summary("ACTIVE", 1),
        "ListTagsForStream" => stream_tags(&our_tags()),
        _ => Answer::ok(),
    });
    let (session, waits) = (aws.session(), Waits::default());
    let telling = |notice: Notice<'_>| waits.note(notice);
    kinesis::create_stream(session.telling(&telling), "s", ONE_SHARD, &our_tags()).await.expect("created");
    let created = &aws.requests()[0];
    assert_eq!(created.operation, "CreateStream");
    assert_eq!(created.body["Tags"], json!(our_tags()));
    assert_eq!(waits.reasons(), ["the stream `s` to become ACTIVE"; 4]);
    assert!(!aws.operations().contains(&"AddTagsToStream".to_owned()), "AWS took them at creation");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_an_interrupted_run_is_taken_and_a_foreign_one_is_not() {
    for (tags, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "CreateStream" => Answer::Error(400, "ResourceInUseException", "Stream s already exists."),
            "ListTagsForStream" => stream_tags(&tags),
            _ => summary("ACTIVE", 1),
        });
        let made = kinesis::create_stream((&aws.session()).into(), "s", ONE_SHARD, &our_tags()).await;
        assert_eq!(made.err().map(|error| error.code), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_going_away_is_waited_for_and_made_anew() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateStream", 0) => Answer::Error(400, "ResourceInUseException", "Stream s already exists."),
        ("DescribeStreamSummary", 0..3) => summary("DELETING", 1),
        ("DescribeStreamSummary", 3) => Answer::missing("stream"),
        ("DescribeStreamSummary", _) => summary("ACTIVE", 1),
        ("ListTagsForStream", _) => stream_tags(&Tags::new()),
        _ => Answer::ok(),
    });
    kinesis::create_stream((&aws.session()).into(), "s", ONE_SHARD, &our_tags()).await.expect("created");
    assert_eq!(aws.operations().iter().filter(|o| *o == "CreateStream").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_becomes_active_is_an_error_that_says_so() {
    let aws = FakeAws::new(|_| summary("CREATING", 0));
    let error = kinesis::await_active((&aws.session()).into(), "s").await.expect_err("never");
    assert_eq!(error.code, Code::NotReady);
    assert!(error.message.contains("the stream `s` to become ACTIVE"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_stream_is_deleted_when_it_is_free() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("DescribeStreamSummary", 0..3) => summary("UPDATING", 1),
        ("DescribeStreamSummary", 3) => summary("ACTIVE", 1),
        ("DescribeStreamSummary", 4) => summary("DELETING", 1),
        ("DescribeStreamSummary", _) => Answer::missing("stream"),
        _ => Answer::ok(),
    });
    kinesis::delete_stream((&aws.session()).into(), "s", true).await.expect("deleted");
    let requests = aws.requests();
    let deleted = requests.iter().find(|r| r.operation == "DeleteStream").expect("a deletion");
    assert_eq!(deleted.body["EnforceConsumerDeletion"], json!(true));

    let gone = FakeAws::new(|_| Answer::missing("stream"));
    kinesis::delete_stream((&gone.session()).into(), "s", false).await.expect("nothing to do");
    assert!(!gone.operations().contains(&"DeleteStream".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_ten_a_call() {
    let aws = FakeAws::new(|_| Answer::ok());
    let tags: Tags = (0..25).map(|i| (format!("k{i}"), "v".to_owned())).collect();
    kinesis::tag_stream((&aws.session()).into(), "s", &tags).await.expect("tagged");
    let sizes: Vec<usize> =
        aws.requests().iter().map(|r| r.body["Tags"].as_object().expect("tags").len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn shards_change_in_steps_that_aws_allows(from in 1_u32..200, to in 1_u32..200) {
        let shards = std::sync::Arc::new(Mutex::new(from));
        let model = shards.clone();
        let aws = FakeAws::new(move |request| {
            let mut shards = model.lock().expect("no panic");
            if request.operation == "UpdateShardCount" {
                let wanted = u32::try_from(request.body["TargetShardCount"].as_u64().expect("a count")).expect("small");
                if wanted > *shards * 2 || wanted * 2 < *shards || wanted == *shards {
                    return Answer::Error(400, "InvalidArgumentException", "more than double or less than half");
                }
                *shards = wanted;
                return Answer::ok();
            }
            summary("ACTIVE", *shards)
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(kinesis::set_shards((&aws.session()).into(), "s", to)).expect("every step is allowed");
        prop_assert_eq!(*shards.lock().expect("no panic"), to);
    }
}

/// Each change counts against a limit per day, so it is looked before one is repeated.
#[tokio::test(start_paused = true)]
async fn a_change_of_shards_whose_answer_is_lost_is_not_made_twice() {
    for (carried_out, changes) in [(true, 2), (false, 3)] {
        let shards = std::sync::Arc::new(Mutex::new(1));
        let model = shards.clone();
        let aws = FakeAws::new(move |request| {
            let mut shards = model.lock().expect("no panic");
            if request.operation == "UpdateShardCount" {
                let wanted = request.body["TargetShardCount"].as_u64().expect("a count");
                assert_ne!(wanted, *shards, "made twice");
                if carried_out || request.before > 0 {
                    *shards = wanted;
                }
                return if request.before == 0 {
                    Answer::Error(500, "InternalFailure", "lost")
                } else {
                    Answer::ok()
                };
            }
            summary("ACTIVE", u32::try_from(*shards).expect("few"))
        });
        kinesis::set_shards((&aws.session()).into(), "s", 4).await.expect("changed");
        let made = aws.operations().iter().filter(|operation| *operation == "UpdateShardCount").count();
        assert_eq!((made, *shards.lock().expect("no panic")), (changes, 4), "{carried_out}");
    }
}

/// The same without an end: the error is that of AWS.
#[tokio::test(start_paused = true)]
async fn changes_whose_answers_are_always_lost_end() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "UpdateShardCount" => Answer::Error(500, "InternalFailure", "lost"),
        _ => summary("ACTIVE", 1),
    });
    let error = kinesis::set_shards((&aws.session()).into(), "s", 2).await.expect_err("lost");
    assert!(error.message.contains("InternalFailure"), "{error:?}");
}
