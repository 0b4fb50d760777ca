//! What Lambda answers of event source mappings that are there already.

use serde_json::{Value, json};

use super::aws as trigger;
use super::desired::TriggerSpec;
use super::model::default_trigger;
use super::observed::TriggerState;
use crate::aws::tests::*;
use crate::stack::Setting;

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";

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
    trigger::create_trigger((&aws.session()).into(), "f", STREAM, &default_trigger(), &our_tags())
        .await
        .expect("created");
    let body = &aws.requests()[0].body;
    assert_eq!(body["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(body["FunctionName"], "f:live");
    assert_eq!(body["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!((&body["MaximumRetryAttempts"], &body["MaximumRecordAgeInSeconds"]), (&json!(-1), &json!(-1)));
    assert_eq!(body["BisectBatchOnFunctionError"], json!(true));
    assert_eq!(body["MetricsConfig"], json!({"Metrics": ["EventCount"]}));
    assert_eq!(body.get("DestinationConfig"), None);
}

#[tokio::test(start_paused = true)]
async fn a_second_trigger_is_the_first_one_set_right() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "CreateEventSourceMapping" => {
            Answer::Error(409, "ResourceConflictException", "mapping already exists")
        }
        "ListEventSourceMappings" => Answer::Json(
            json!({ "EventSourceMappings": [mapping("f", "Enabled"), mapping("f:live", "Disabled")] }),
        ),
        _ => Answer::Json(mapping("f", "Enabled")),
    });
    trigger::create_trigger((&aws.session()).into(), "f", STREAM, &default_trigger(), &our_tags())
        .await
        .expect("adopted");
    let requests = aws.requests();
    let updated = requests.iter().find(|r| r.operation == "UpdateEventSourceMapping").expect("an update");
    assert!(updated.uri.contains("uuid-f%3Alive") || updated.uri.contains("uuid-f:live"), "{}", updated.uri);
    assert_eq!(updated.body["Enabled"], json!(true));
    assert_eq!(updated.body["BatchSize"], json!(500));
    assert_eq!(updated.body["MetricsConfig"], json!({"Metrics": ["EventCount"]}));
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

#[tokio::test(start_paused = true)]
async fn without_event_counts_none_are_asked_for_and_those_there_are_ended() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "ListEventSourceMappings" => Answer::Json(json!({ "EventSourceMappings": [
            { "MetricsConfig": { "Metrics": ["EventCount"] }, "FunctionArn": "f", "UUID": "1" },
            { "MetricsConfig": { "Metrics": [] }, "FunctionArn": "f", "UUID": "2" },
            { "FunctionArn": "f", "UUID": "3" },
        ] })),
        _ => Answer::Json(mapping("f", "Enabled")),
    });
    let spec = TriggerSpec { event_counts: Setting::asked(false), ..default_trigger() };
    let session = aws.session();
    trigger::create_trigger((&session).into(), "f", STREAM, &spec, &our_tags()).await.expect("created");
    trigger::update_trigger((&session).into(), "uuid", None, &spec).await.expect("updated");
    let requests = aws.requests();
    let of =
        |operation: &str| requests.iter().find(|request| request.operation == operation).expect("a call");
    assert_eq!(of("CreateEventSourceMapping").body.get("MetricsConfig"), None);
    assert_eq!(of("UpdateEventSourceMapping").body["MetricsConfig"], json!({"Metrics": []}));
    let (there, ..) = trigger::observe_triggers((&session).into(), STREAM, "f", false).await.expect("read");
    assert_eq!(there.iter().map(|trigger| trigger.event_counts).collect::<Vec<_>>(), [true, false, false]);
}
