//! What disappears while it is waited for: a run ends at once and says so, long before its patience does.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::aws::tests::*;
use crate::error::{Code, Error};
use crate::resources::filter::aws as filter_calls;
use crate::resources::function::aws as lambda;
use crate::resources::stream::aws as kinesis;
use crate::resources::trigger::aws as trigger;
use crate::resources::trigger::model::default_trigger;
use crate::resources::{Arch, Bundle, CreateFunction, Distribution, FilterExtras, FilterSpec, StreamMode};
use crate::stack::Setting;

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn stream(status: &str) -> Answer {
    Answer::Json(json!({ "StreamDescriptionSummary": {
        "StreamName": "s", "StreamARN": STREAM, "StreamStatus": status, "RetentionPeriodHours": 24,
        "StreamModeDetails": { "StreamMode": "PROVISIONED" }, "OpenShardCount": 1,
        "EnhancedMonitoring": [], "StreamCreationTimestamp": 1,
    }}))
}

fn role() -> Answer {
    Answer::Xml(format!(
        "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROA</RoleId><Arn>{ROLE}</Arn>\
         <CreateDate>2026-11-22T00:00:00Z</CreateDate></Role>"
    ))
}

fn function() -> CreateFunction {
    CreateFunction {
        name: "f".to_owned(),
        role_arn: ROLE.to_owned(),
        bundle: Bundle { arch: Arch::X86_64, zip: b"zip".to_vec().into(), sha256: "hash".to_owned() },
        description: "d".to_owned(),
        network: crate::resources::Network::default(),
        memory_mb: 256,
        timeout_seconds: 60,
        environment: BTreeMap::new(),
        tags: our_tags(),
    }
}

fn filter() -> FilterSpec {
    FilterSpec {
        log_group: "/app".to_owned(),
        name: "cloudwatchLogsFilter".to_owned(),
        pattern: Setting::default(String::new()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: STREAM.to_owned(),
        role_arn: Some(ROLE.to_owned()),
        extras: FilterExtras::default(),
    }
}

fn mapping(state: &str) -> Answer {
    Answer::Json(json!({ "UUID": "u", "State": state }))
}

/// The error of a run, and how long it went on after the resource had gone.
struct Ended {
    error: Error,
    seconds: u64,
}

impl Ended {
    /// It says that something disappeared and what to do, within the time that AWS may take to show what is new.
    #[track_caller]
    fn says(&self, what: &str, within: u64) {
        let Self { error, seconds } = self;
        assert_eq!(error.code, Code::NotFound, "{error}");
        assert!(error.message.contains(what), "{error}");
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("teardown") && hint.contains("cwl2le setup"), "{hint}");
        assert!(*seconds <= within, "after {seconds} s: {error}");
    }
}

async fn ended<T>(aws: FakeAws, run: impl AsyncFnOnce(Aws<'_>) -> crate::error::Result<T>) -> Ended {
    let (session, begun) = (aws.session(), Instant::now());
    let error = run((&session).into()).await.err().expect("it fails");
    Ended { error, seconds: begun.elapsed().as_secs() }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_goes_away_while_it_is_being_created() {
    for last in [stream("DELETING"), Answer::missing("stream")] {
        let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
            ("DescribeStreamSummary", 0..3) => stream("CREATING"),
            ("DescribeStreamSummary", _) => last.clone(),
            _ => Answer::ok(),
        });
        let mode = StreamMode::Provisioned { shards: 1 };
        let ended = ended(aws, async |aws| kinesis::create_stream(aws, "s", mode, &our_tags()).await).await;
        ended.says("while this run was waiting for the stream `s` to become ACTIVE", 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_never_shows_is_given_ten_seconds() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "DescribeStreamSummary" => Answer::missing("stream"),
        _ => Answer::ok(),
    });
    let mode = StreamMode::Provisioned { shards: 1 };
    let ended = ended(aws, async |aws| kinesis::create_stream(aws, "s", mode, &our_tags()).await).await;
    ended.says("disappeared", 12);
    assert!(ended.seconds >= 10, "AWS may take a while to show it: {} s", ended.seconds);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_there_before_is_not_waited_for_at_all() {
    let gone = FakeAws::new(|_| Answer::missing("stream"));
    ended(gone, async |aws| kinesis::await_active(aws, "s").await).await.says("disappeared", 0);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_goes_away_while_it_is_being_created() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateFunction", _) | ("GetFunctionConfiguration", 0..3) => {
            Answer::Json(json!({ "State": "Pending" }))
        }
        _ => Answer::Error(404, "ResourceNotFoundException", "Function not found: f"),
    });
    let ended = ended(aws, async |aws| lambda::create_function(aws, &function()).await).await;
    ended.says("while this run was waiting for the function `f` to become Active", 1);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_shows_late_is_no_failure() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateFunction", _) => Answer::Json(json!({ "State": "Pending" })),
        (_, 0..4) => Answer::Error(404, "ResourceNotFoundException", "Function not found: f"),
        _ => Answer::Json(json!({ "State": "Active", "LastUpdateStatus": "Successful" })),
    });
    lambda::create_function((&aws.session()).into(), &function()).await.expect("created");
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_goes_away_while_it_is_being_created() {
    for last in [mapping("Deleting"), Answer::Error(404, "ResourceNotFoundException", "The mapping is gone")]
    {
        let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
            ("CreateEventSourceMapping", _) | ("GetEventSourceMapping", 0..3) => mapping("Creating"),
            _ => last.clone(),
        });
        let create = async |aws: Aws<'_>| {
            trigger::create_trigger(aws, "f", STREAM, &default_trigger(), &our_tags()).await
        };
        ended(aws, create).await.says("the trigger to become Enabled", 1);
    }
}

/// Propagation is waited for only as long as there is something to propagate.
#[tokio::test(start_paused = true)]
async fn a_role_that_goes_away_ends_the_wait_for_it_to_be_assumed() {
    let refused = "The role defined for the function cannot be assumed by Lambda.";
    let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("GetRole", 0..2) => role(),
        ("GetRole", _) => Answer::missing("GetRole"),
        _ => Answer::Error(400, "InvalidParameterValueException", refused),
    });
    let ended = ended(aws, async |aws| lambda::create_function(aws, &function()).await).await;
    ended.says("the role `r`, which it needs, was deleted", 5);
    assert!(ended.error.message.contains("cannot be assumed"), "AWS' words are kept: {}", ended.error);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_show_yet_is_waited_for() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("GetRole", 0..2) => Answer::missing("GetRole"),
        ("GetRole", _) => role(),
        ("CreateFunction", 0..5) => Answer::Error(
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        _ => Answer::Json(json!({ "State": "Active", "LastUpdateStatus": "Successful" })),
    });
    lambda::create_function((&aws.session()).into(), &function()).await.expect("created");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_goes_away_ends_the_wait_for_it_to_be_written() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("GetRole", _) => role(),
        ("DescribeStreamSummary", 0..2) => stream("ACTIVE"),
        ("DescribeStreamSummary", _) => stream("DELETING"),
        _ => Answer::Error(
            400,
            "InvalidParameterException",
            "Could not deliver test message to specified Kinesis stream.",
        ),
    });
    let ended = ended(aws, async |aws| filter_calls::put_filter(aws, &filter()).await).await;
    ended.says("the stream `s`, which it needs, was deleted", 5);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_goes_away_ends_the_wait_for_its_trigger() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("DescribeStreamSummary", _) => stream("ACTIVE"),
        ("GetFunctionConfiguration", 0) => Answer::Json(json!({ "State": "Active" })),
        ("GetFunctionConfiguration", _) => {
            Answer::Error(404, "ResourceNotFoundException", "Function not found: f")
        }
        _ => Answer::Error(
            400,
            "InvalidParameterValueException",
            "The provided execution role cannot be assumed by Lambda.",
        ),
    });
    let create =
        async |aws: Aws<'_>| trigger::create_trigger(aws, "f", STREAM, &default_trigger(), &our_tags()).await;
    ended(aws, create).await.says("the function `f`, which it needs, was deleted", 5);
}

/// A permission that is missing for looking does not end a wait that might succeed.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_at_counts_as_there() {
    let denied = Answer::Error(403, "AccessDenied", "not authorized to perform: iam:GetRole");
    let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("GetRole", _) => denied.clone(),
        ("CreateFunction", 0..5) => Answer::Error(
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        _ => Answer::Json(json!({ "State": "Active", "LastUpdateStatus": "Successful" })),
    });
    lambda::create_function((&aws.session()).into(), &function()).await.expect("created");
}
