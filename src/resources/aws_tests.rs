//! What each service's functions make of what is there already, gone already, or on its way.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Mutex;

use crate::aws::tests::*;
use crate::error::Code;
use crate::resources::function::aws as lambda;
use crate::resources::log_group::aws as logs;
use crate::resources::role::aws as iam;
use crate::resources::stream::aws as kinesis;
use crate::resources::trigger::aws as trigger;
use crate::resources::{
    Arch, Bundle, CreateFunction, FunctionFailure, RoleSpec, StreamMode, TriggerSpec, TriggerState,
};
use crate::stack::{Setting, Tags};

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

fn role() -> RoleSpec {
    RoleSpec {
        name: "cwl-to-kinesis".to_owned(),
        arn: "arn:aws:iam::123456789012:role/cwl-to-kinesis".to_owned(),
        path: "/".to_owned(),
        boundary: Some("arn:aws:iam::123456789012:policy/b".to_owned()),
        description: "d".to_owned(),
        trust: json!({ "Statement": [] }),
        policy_name: "cwl-kinesis-write".to_owned(),
        policy: json!({ "Statement": [{ "Effect": "Allow" }] }),
    }
}

fn role_xml(tags: &Tags) -> Answer {
    let tags: String =
        tags.iter().map(|(k, v)| format!("<member><Key>{k}</Key><Value>{v}</Value></member>")).collect();
    Answer::Xml(format!(
        "<Role><Path>/</Path><RoleName>cwl-to-kinesis</RoleName><RoleId>AROA</RoleId>\
         <Arn>arn:aws:iam::123456789012:role/cwl-to-kinesis</Arn><CreateDate>2026-11-22T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>\
         <Tags>{tags}</Tags></Role>"
    ))
}

#[tokio::test(start_paused = true)]
async fn a_role_of_ours_is_taken_its_policy_written_and_a_foreign_one_refused() {
    for (tags, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
            ("CreateRole", _) => {
                Answer::Error(409, "EntityAlreadyExists", "Role with name x already exists.")
            }
            ("GetRole", _) => role_xml(&tags),
            // A role that was just made is not shown to every call at once.
            ("PutRolePolicy", 0) => {
                Answer::Error(404, "NoSuchEntity", "The role with name x cannot be found.")
            }
            _ => Answer::Xml(String::new()),
        });
        let made = iam::create_role((&aws.session()).into(), &role(), &our_tags()).await;
        assert_eq!(made.as_ref().err().map(|error| error.code), expected);
        assert_eq!(aws.operations().contains(&"PutRolePolicy".to_owned()), made.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_read_with_its_encoded_documents() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "GetRole" => role_xml(&our_tags()),
        _ => Answer::Xml(
            "<RoleName>r</RoleName><PolicyName>p</PolicyName>\
             <PolicyDocument>%7B%22Statement%22%3A%5B%7B%22Action%22%3A%22a%2Bb%22%7D%5D%7D</PolicyDocument>"
                .to_owned(),
        ),
    });
    let session = aws.session();
    let role = iam::role((&session).into(), "cwl-to-kinesis").await.expect("read").expect("there");
    assert_eq!(role.trust, json!({ "Statement": [] }));
    assert_eq!(role.tags, our_tags());
    let policy = iam::role_policy((&session).into(), "r", "p").await.expect("read").expect("there");
    assert_eq!(policy, json!({ "Statement": [{ "Action": "a+b" }] }));
}

#[tokio::test(start_paused = true)]
async fn deleting_what_is_gone_is_no_error() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        operation if operation.contains("Role") => Answer::missing(operation),
        _ => Answer::Error(404, "ResourceNotFoundException", "The resource you requested does not exist."),
    });
    let session = aws.session();
    let aws = || (&session).into();
    iam::delete_role(aws(), "r", &["p".to_owned()], &["arn".to_owned()]).await.expect("role");
    logs::delete_filter(aws(), "/g", "f").await.expect("filter");
    logs::delete_log_group(aws(), "/g").await.expect("log group");
    lambda::delete_function(aws(), "f").await.expect("function");
    trigger::delete_trigger(aws(), "u").await.expect("trigger");
}

#[tokio::test(start_paused = true)]
async fn a_log_group_of_ours_gets_its_retention_and_a_foreign_one_stays() {
    for (tags, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "CreateLogGroup" => Answer::Error(400, "ResourceAlreadyExistsException", "it exists"),
            "ListTagsForResource" => Answer::Json(json!({ "tags": tags })),
            _ => Answer::ok(),
        });
        let made = logs::create_log_group((&aws.session()).into(), "/aws/lambda/f", 30, &our_tags()).await;
        assert_eq!(made.as_ref().err().map(|error| error.code), expected);
        assert_eq!(aws.operations().contains(&"PutRetentionPolicy".to_owned()), made.is_ok());
    }
}

fn function() -> CreateFunction {
    CreateFunction {
        name: "f".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        bundle: Bundle { arch: Arch::Arm64, zip: b"zip".to_vec().into(), sha256: "hash".to_owned() },
        description: "d".to_owned(),
        memory_mb: 256,
        timeout_seconds: 60,
        environment: BTreeMap::new(),
        tags: our_tags(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_is_created_when_its_role_can_be_assumed_and_waited_for() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateFunction", 0..3) => Answer::Error(
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        ),
        ("CreateFunction", _) => {
            Answer::Json(json!({ "State": "Pending", "LastUpdateStatus": "Successful" }))
        }
        ("GetFunctionConfiguration", 0..2) => Answer::Json(json!({ "State": "Pending" })),
        _ => Answer::Json(json!({ "State": "Active", "LastUpdateStatus": "Successful" })),
    });
    let (session, waits) = (aws.session(), Waits::default());
    let telling = |notice: Notice<'_>| waits.note(notice);
    lambda::create_function(session.telling(&telling), &function()).await.expect("created");
    let body = &aws.requests()[0].body;
    assert_eq!(body["Runtime"], "provided.al2023");
    assert_eq!(body["Architectures"], json!(["arm64"]));
    assert_eq!(body["Handler"], "bootstrap");
    assert_eq!(waits.reasons()[..3], ["Lambda to be able to assume the role"; 3]);
    assert_eq!(waits.reasons()[3..], ["the function `f` to become Active"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_cannot_be_set_up_says_why() {
    let aws = FakeAws::new(|_| Answer::Json(json!({ "State": "Failed", "StateReason": "no image" })));
    let error = lambda::await_function((&aws.session()).into(), "f", false).await.expect_err("failed");
    assert_eq!(error.code, Code::NotReady);
    assert!(error.message.contains("no image"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_function_is_read_with_what_failed() {
    for (state, update, failure) in [
        ("Active", "Successful", None),
        ("Failed", "Successful", Some(FunctionFailure::Creation("no key".to_owned()))),
        ("Failed", "Failed", Some(FunctionFailure::Creation("no key".to_owned()))),
        ("Active", "Failed", Some(FunctionFailure::Update("no room".to_owned()))),
    ] {
        let aws = FakeAws::new(move |_| {
            Answer::Json(json!({ "Configuration": {
                "State": state, "StateReason": "no key", "LastUpdateStatus": update,
                "LastUpdateStatusReason": "no room",
            }}))
        });
        let read =
            lambda::observe_function((&aws.session()).into(), "f").await.expect("read").expect("there");
        assert!(read.settled);
        assert_eq!(read.failure, failure);
    }
}

#[tokio::test(start_paused = true)]
async fn tags_and_variables_that_may_not_be_read_are_not_empty() {
    let read = async |answer: serde_json::Value| {
        let aws = FakeAws::new(move |_| Answer::Json(answer.clone()));
        lambda::observe_function((&aws.session()).into(), "f").await
    };
    let denied = |message: &str| json!({ "ErrorCode": "AccessDeniedException", "Message": message });
    let tags = read(json!({ "TagsError": denied("not authorized: lambda:ListTags") })).await;
    assert_eq!(crate::error::Error::from(tags.expect_err("unreadable")).code, Code::AccessDenied);
    // What needs no variables goes on, a teardown for example.
    let variables = read(json!({ "Configuration": { "Environment": { "Error": denied("kms") } } })).await;
    let function = variables.expect("read").expect("there");
    assert_eq!(function.hidden_environment.as_deref(), Some("AccessDeniedException: kms"));
}

fn trigger() -> TriggerSpec {
    TriggerSpec {
        batch_size: Setting::default(500),
        window_seconds: Setting::default(1),
        parallelization: Setting::default(1),
        bisect: Setting::default(true),
        on_failure: Setting::default(None),
        max_age_seconds: -1,
        start: crate::resources::Start::default(),
    }
}

fn mapping(function: &str, state: &str) -> Value {
    json!({
        "UUID": format!("uuid-{function}"), "EventSourceArn": STREAM, "State": state, "BatchSize": 100,
        "FunctionArn": format!("arn:aws:lambda:ap-northeast-1:123456789012:function:{function}"),
        "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1, "StartingPosition": "TRIM_HORIZON",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    })
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_created_for_lossless_delivery_once_the_role_may_read() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("CreateEventSourceMapping", 0) => Answer::Error(
            400,
            "InvalidParameterValueException",
            "Cannot access stream. Please ensure the role can perform the GetRecords Actions on your stream in IAM.",
        ),
        ("GetEventSourceMapping", 0) => Answer::Json(mapping("f", "Creating")),
        ("GetEventSourceMapping", _) => Answer::Json(mapping("f", "Enabled")),
        _ => Answer::Json(mapping("f", "Creating")),
    });
    trigger::create_trigger((&aws.session()).into(), "f", STREAM, &trigger(), &our_tags())
        .await
        .expect("created");
    let body = &aws.requests()[0].body;
    assert_eq!(body["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(body["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!((&body["MaximumRetryAttempts"], &body["MaximumRecordAgeInSeconds"]), (&json!(-1), &json!(-1)));
    assert_eq!(body["BisectBatchOnFunctionError"], json!(true));
    assert_eq!(body.get("DestinationConfig"), None);
}

#[tokio::test(start_paused = true)]
async fn a_second_trigger_is_the_first_one_set_right() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "CreateEventSourceMapping" => {
            Answer::Error(409, "ResourceConflictException", "mapping already exists")
        }
        "ListEventSourceMappings" => Answer::Json(
            json!({ "EventSourceMappings": [mapping("other", "Enabled"), mapping("f", "Disabled")] }),
        ),
        _ => Answer::Json(mapping("f", "Enabled")),
    });
    trigger::create_trigger((&aws.session()).into(), "f", STREAM, &trigger(), &our_tags())
        .await
        .expect("adopted");
    let requests = aws.requests();
    let updated = requests.iter().find(|r| r.operation == "UpdateEventSourceMapping").expect("an update");
    assert!(updated.uri.contains("uuid-f"), "{}", updated.uri);
    assert_eq!(updated.body["Enabled"], json!(true));
    assert_eq!(updated.body["BatchSize"], json!(500));
}

#[tokio::test(start_paused = true)]
async fn triggers_of_others_are_readers_and_not_ours() {
    let aws = FakeAws::new(|request| {
        let page = if request.uri.contains("Marker") {
            json!({ "EventSourceMappings": [mapping("f", "Updating")] })
        } else {
            json!({ "EventSourceMappings": [mapping("other:live", "Enabled")], "NextMarker": "m" })
        };
        Answer::Json(page)
    });
    let (ours, readers, others) =
        trigger::observe_triggers((&aws.session()).into(), STREAM, "f", false).await.expect("read");
    let names: Vec<String> = readers.iter().map(|arn| trigger::function_name(arn)).collect();
    assert_eq!(names, ["f", "other"]);
    assert_eq!(others.keys().collect::<Vec<_>>(), ["other"]);
    assert_eq!(ours.len(), 1);
    assert_eq!(ours[0].state, TriggerState::InTransition);
    assert!(ours[0].reports_item_failures);
}
