//! The account policy.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::account_policy::{delete, observe, put};
use super::*;
use crate::error::Code;
use crate::stack::{AccountPolicy, AccountPolicySpec, Distribution, Setting};

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";

fn policy() -> AccountPolicy {
    let spec = AccountPolicySpec {
        name: "cloudwatchLogsFilter".to_owned(),
        pattern: Setting::asked("ERROR".to_owned()),
        distribution: Setting::asked(Distribution::Random),
        destination_arn: STREAM.to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        excluded: BTreeSet::new(),
    };
    AccountPolicy::of(&spec, ["/a".to_owned(), "/b".to_owned()].into())
}

/// As AWS keeps what was put.
fn kept(request: &Request, name: &str) -> serde_json::Value {
    json!({ "policyName": name, "policyDocument": request.text("policyDocument"),
            "selectionCriteria": request.text("selectionCriteria"), "scope": request.text("scope") })
}

#[tokio::test(start_paused = true)]
async fn an_account_policy_is_put_once_the_role_can_be_assumed_and_read_as_it_was_put() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("PutAccountPolicy", 0) => Answer::Error(
            400,
            "ValidationException",
            "Make sure you have given CloudWatch Logs permission to assume the provided role.",
        ),
        _ => Answer::ok(),
    });
    put((&aws.session()).into(), &policy()).await.expect("put");
    let requests = aws.requests();
    let [_, made] = &requests[..] else { panic!("a refusal and a retry: {requests:?}") };
    assert_eq!(made.text("policyType"), "SUBSCRIPTION_FILTER_POLICY");
    assert_eq!((made.text("scope"), made.text("policyName")), ("ALL", "cloudwatchLogsFilter"));
    assert_eq!(made.text("selectionCriteria"), r#"LogGroupName NOT IN ["/a", "/b"]"#);

    let found = json!({ "accountPolicies": [kept(made, "cloudwatchLogsFilter")] });
    let aws = FakeAws::new(move |request| match request.text("nextToken") {
        "" => Answer::Json(json!({ "accountPolicies": [], "nextToken": "more" })),
        _ => Answer::Json(found.clone()),
    });
    let read = observe((&aws.session()).into()).await.expect("read");
    assert_eq!(read, Some(policy()));
    assert_eq!(aws.requests()[0].text("policyType"), "SUBSCRIPTION_FILTER_POLICY");
}

#[tokio::test(start_paused = true)]
async fn where_there_is_another_one_the_error_names_it() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "PutAccountPolicy" => Answer::Error(400, "LimitExceededException", "Resource limit exceeded."),
        _ => Answer::Json(json!({ "accountPolicies": [{ "policyName": "theirs",
            "policyDocument": r#"{"DestinationArn":"arn:theirs"}"# }] })),
    });
    let error = put((&aws.session()).into(), &policy()).await.expect_err("refused");
    assert_eq!(error.code, Code::FilterLimit);
    assert!(error.message.contains("`theirs` to arn:theirs"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_read_as_none_and_gone_already() {
    let aws = FakeAws::new(|request| Answer::missing(&request.operation));
    assert_eq!(observe((&aws.session()).into()).await.expect("read"), None);
    delete((&aws.session()).into(), "x").await.expect("gone");
}
