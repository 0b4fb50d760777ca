//! A replaced filter or account policy is restored when the new one cannot be created.

use serde_json::json;

use crate::aws::testing::{Answer, FakeAws};
use crate::resources::account_policy::aws::replace_account_policy;
use crate::resources::filter::aws::replace_filter;
use crate::resources::{AccountPolicy, Distribution, FilterExtras, FilterSpec};
use crate::stack::Setting;

const FULL: Answer = Answer::Error(400, "LimitExceededException", "Resource limit exceeded.");
const BAD: Answer = Answer::Error(400, "InvalidParameterException", "Invalid filter pattern");

fn ours() -> FilterSpec {
    FilterSpec {
        log_group: "/app".to_owned(),
        name: "ours".to_owned(),
        pattern: Setting::asked("{ bad".to_owned()),
        distribution: Setting::default(Distribution::ByLogStream),
        destination_arn: "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s".to_owned(),
        role_arn: Some("arn:aws:iam::123456789012:role/r".to_owned()),
        extras: FilterExtras::default(),
    }
}

/// Another filter, to a Lambda function: it has no role.
fn theirs() -> Answer {
    Answer::Json(json!({ "subscriptionFilters": [{
        "filterName": "theirs", "logGroupName": "/app", "filterPattern": "ERROR",
        "destinationArn": "arn:aws:lambda:ap-northeast-1:123456789012:function:theirs" }] }))
}

fn operations(aws: &FakeAws, of: &[&str]) -> Vec<String> {
    aws.operations().into_iter().filter(|operation| of.contains(&operation.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn where_there_is_room_the_old_filter_goes_only_after_ours_is_there() {
    let aws = FakeAws::new(|_| Answer::ok());
    replace_filter((&aws.session()).into(), "theirs", &ours()).await.expect("replaced");
    assert_eq!(aws.operations(), ["PutSubscriptionFilter", "DeleteSubscriptionFilter"]);

    let aws = FakeAws::new(|_| BAD);
    replace_filter((&aws.session()).into(), "theirs", &ours()).await.expect_err("refused");
    assert_eq!(aws.operations(), ["PutSubscriptionFilter"], "theirs is untouched");
}

#[tokio::test(start_paused = true)]
async fn where_there_is_none_the_old_filter_comes_back_when_ours_fails() {
    let aws = FakeAws::new(|request| match (request.operation.as_str(), request.before) {
        ("PutSubscriptionFilter", 0) => FULL,
        ("PutSubscriptionFilter", 1) => BAD,
        ("DescribeSubscriptionFilters", _) => theirs(),
        _ => Answer::ok(),
    });
    let error = replace_filter((&aws.session()).into(), "theirs", &ours()).await.expect_err("refused");
    let puts: Vec<_> =
        aws.requests().into_iter().filter(|request| request.operation == "PutSubscriptionFilter").collect();
    assert_eq!(puts.len(), 3);
    assert_eq!((puts[2].text("filterName"), puts[2].text("filterPattern")), ("theirs", "ERROR"));
    assert!(puts[2].body.get("roleArn").is_none(), "{:?}", puts[2]);
    let hint = error.hint.expect("a hint");
    assert!(hint.contains("`theirs`") && hint.contains("was restored"), "{hint}");
}

/// Where AWS still counts the filter that was deleted, until `until`.
fn slow_to_forget(until: usize, late: bool) -> FakeAws {
    FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("PutSubscriptionFilter", before) if before < until && request.text("filterName") == "ours" => FULL,
        ("DescribeSubscriptionFilters", before) if late && before > 1 => Answer::Json(json!({
            "subscriptionFilters": [{ "filterName": "late", "logGroupName": "/app", "filterPattern": "",
            "destinationArn": "arn:aws:lambda:ap-northeast-1:123456789012:function:late" }] })),
        ("DescribeSubscriptionFilters", _) => theirs(),
        _ => Answer::ok(),
    })
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_deleted_filter_is_waited_for_unless_somebody_else_takes_it() {
    let aws = slow_to_forget(20, false);
    replace_filter((&aws.session()).into(), "theirs", &ours()).await.expect("replaced");
    let last = aws.requests().pop().expect("a request");
    assert_eq!((last.operation.as_str(), last.text("filterName")), ("PutSubscriptionFilter", "ours"));

    let aws = slow_to_forget(usize::MAX, true);
    let error = replace_filter((&aws.session()).into(), "theirs", &ours()).await.expect_err("no room");
    assert_eq!(error.code, crate::error::Code::FilterLimit);
    let last = aws.requests().pop().expect("a request");
    assert_eq!(last.text("filterName"), "theirs", "it is put back: {last:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_keep_the_old_filter_from_coming_back() {
    let stop = crate::aws::Stop::new();
    let options = crate::aws::Options { stop: stop.clone(), ..crate::aws::Options::default() };
    let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("PutSubscriptionFilter", 0) => FULL,
        ("DescribeSubscriptionFilters", _) => theirs(),
        ("DeleteSubscriptionFilter", _) => {
            stop.request();
            Answer::ok()
        }
        _ => Answer::ok(),
    });
    replace_filter((&aws.session_with(&options)).into(), "theirs", &ours()).await.expect_err("stopped");
    let last = aws.requests().pop().expect("a request");
    assert_eq!((last.operation.as_str(), last.text("filterName")), ("PutSubscriptionFilter", "theirs"));
}

#[tokio::test(start_paused = true)]
async fn the_old_account_policy_comes_back_as_it_was_when_ours_fails() {
    let (document, selection) =
        ("{\"DestinationArn\":\"arn:x\",\"New\":1}", "LogGroupNamePrefix IN [\"/x\"]");
    let aws = FakeAws::new(move |request| match (request.operation.as_str(), request.before) {
        ("DescribeAccountPolicies", _) => Answer::Json(json!({ "accountPolicies": [{
            "policyName": "theirs", "policyDocument": document, "selectionCriteria": selection }] })),
        ("PutAccountPolicy", 0) => BAD,
        _ => Answer::ok(),
    });
    let put = AccountPolicy::read("ours", "{}", "");
    replace_account_policy((&aws.session()).into(), "theirs", &put).await.expect_err("refused");
    assert_eq!(
        operations(&aws, &["DeleteAccountPolicy", "PutAccountPolicy"]),
        ["DeleteAccountPolicy", "PutAccountPolicy", "PutAccountPolicy"]
    );
    let last = aws.requests().pop().expect("a request");
    assert_eq!(
        (last.text("policyName"), last.text("policyDocument"), last.text("selectionCriteria")),
        ("theirs", document, selection)
    );
}
