//! What CloudWatch is asked, and what it answers.

use serde_json::{Value, json};

use super::action::Action;
use super::aws::{act, observe};
use super::rule::{Rule, Subject};
use crate::aws::error::INVALID_RESPONSE;
use crate::aws::tests::*;
use crate::error::Code;
use crate::stack::StackName;

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";

fn rule(subject: Subject) -> Rule {
    Rule {
        description: "d".to_owned(),
        namespace: "AWS/Lambda".to_owned(),
        metric: "PolledEventCount".to_owned(),
        subject,
        statistic: "SampleCount".to_owned(),
        period_seconds: 60,
        comparison: "LessThanThreshold".to_owned(),
        threshold: 1.into(),
        datapoints: 15,
        periods: 15,
        missing: "breaching".to_owned(),
        notify: vec!["arn:topic".to_owned()],
        notify_ok: Vec::new(),
        enabled: true,
    }
}

fn mapping(uuid: &str, state: &str) -> Value {
    json!({
        "UUID": uuid, "State": state, "EventSourceArn": STREAM,
        "FunctionArn": "arn:aws:lambda:ap-northeast-1:123456789012:function:f",
    })
}

#[tokio::test(start_paused = true)]
async fn an_alarm_on_a_new_mapping_gets_its_id_once_it_exists() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "PutMetricAlarm" => Answer::ok(),
        _ => Answer::Json(json!({
            "EventSourceMappings": [mapping("old", "Deleting"), mapping("new", "Enabled")]
        })),
    });
    let session = aws.session();
    let subject = Subject::Trigger { stream_arn: STREAM.to_owned(), function: "f".to_owned(), uuid: None };
    let create = Action::Create { name: "a".to_owned(), rule: rule(subject.clone()), tags: our_tags() };
    act((&session).into(), &create).await.expect("put");
    let put = aws.requests().pop().expect("a request");
    assert_eq!(put.operation, "PutMetricAlarm");
    assert_eq!(put.body["Dimensions"], json!([{ "Name": "EventSourceMappingUUID", "Value": "new" }]));
    assert_eq!(put.body["Tags"].as_array().map(Vec::len), Some(our_tags().len()));

    let none = FakeAws::new(|_| Answer::Json(json!({ "EventSourceMappings": [] })));
    let session = none.session();
    let update = Action::Update { name: "a".to_owned(), rule: rule(subject) };
    let error = act((&session).into(), &update).await.expect_err("no mapping");
    assert_eq!(error.code, Code::NotReady);
    assert!(!none.operations().contains(&"PutMetricAlarm".to_owned()), "it would never go off");
}

#[tokio::test(start_paused = true)]
async fn alarms_are_read_as_they_were_put() {
    let wanted = rule(Subject::of("EventSourceMappingUUID", "u"));
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "DescribeAlarms" => {
            assert_eq!(request.text("AlarmNamePrefix"), "cwl2le-default-");
            let alarm = |name: &str| {
                json!({
                    "AlarmName": name, "AlarmArn": format!("arn:{name}"), "AlarmDescription": "d", "StateValue": "OK",
                    "Namespace": "AWS/Lambda", "MetricName": "PolledEventCount", "Period": 60, "Threshold": 1.0,
                    "Dimensions": [{ "Name": "EventSourceMappingUUID", "Value": "u" }], "Statistic": "SampleCount",
                    "ComparisonOperator": "LessThanThreshold", "EvaluationPeriods": 15, "TreatMissingData": "breaching",
                    "ActionsEnabled": true, "AlarmActions": ["arn:topic"], "OKActions": [],
                })
            };
            Answer::Json(match request.text("NextToken") {
                "" => {
                    json!({ "MetricAlarms": [alarm("cwl2le-default-not-read"), alarm("cwl2le-default-b-bug")],
                              "NextToken": "n" })
                }
                _ => json!({ "MetricAlarms": [alarm("cwl2le-default-bug")] }),
            })
        }
        // It was deleted in between.
        _ if request.text("ResourceARN").ends_with("-bug") => Answer::Error(404, "ResourceNotFound", "gone"),
        _ => Answer::Json(json!({ "Tags": [{ "Key": "k", "Value": "v" }] })),
    });
    let session = aws.session();
    let there = observe((&session).into(), &StackName::default()).await.expect("alarms");
    let names: Vec<&String> = there.keys().collect();
    assert_eq!(names, ["cwl2le-default-not-read"]);
    let is = &there["cwl2le-default-not-read"];
    assert_eq!((&is.rule, is.tags["k"].as_str()), (&wanted, "v"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_gone_is_deleted_and_the_page_of_a_proxy_is_no_answer() {
    let delete = Action::Delete { name: "a".to_owned() };
    for (answer, expected) in [
        (Answer::ok(), None),
        (Answer::Error(404, "ResourceNotFound", "gone"), None),
        (Answer::Garbage(200), Some(INVALID_RESPONSE)),
    ] {
        let aws = FakeAws::new(move |_| answer.clone());
        let session = aws.session();
        let error = act((&session).into(), &delete).await.err();
        assert_eq!(error.and_then(|error| Some(error.aws?.code)).as_deref(), expected);
    }
}
