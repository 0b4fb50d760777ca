//! What CloudWatch is asked about the dashboard, and what it answers.

use serde_json::json;

use super::action::Action;
use super::aws::{act, observe};
use crate::aws::error::INVALID_RESPONSE;
use crate::aws::tests::*;
use crate::error::Code;
use crate::stack::Tags;

const NAME: &str = "cwl2le-default-ap-northeast-1";
const ARN: &str = "arn:aws:cloudwatch::123456789012:dashboard/cwl2le-default-ap-northeast-1";

fn gone(code: &'static str) -> Answer {
    Answer::Error(404, code, "Dashboard cwl2le-default-ap-northeast-1 does not exist")
}

fn tagged(tags: &Tags) -> Answer {
    let tags: Vec<_> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Answer::Json(json!({ "Tags": tags }))
}

fn create() -> Action {
    let body = json!({ "widgets": [] });
    Action::Create { name: NAME.to_owned(), arn: ARN.to_owned(), body, tags: our_tags() }
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_is_created_with_its_tags_and_one_that_is_not_managed_is_not_replaced() {
    let none = FakeAws::new(|request| match request.operation.as_str() {
        "GetDashboard" => gone("ResourceNotFound"),
        _ => Answer::Json(json!({ "DashboardValidationMessages": [] })),
    });
    let session = none.session();
    act((&session).into(), &create()).await.expect("created");
    let put = none.requests().pop().expect("a request");
    assert_eq!((put.operation.as_str(), &put.body["DashboardName"]), ("PutDashboard", &json!(NAME)));
    assert_eq!(put.body["DashboardBody"], json!(r#"{"widgets":[]}"#));
    assert_eq!(put.body["Tags"].as_array().map(Vec::len), Some(our_tags().len()));

    for (there, expected, puts) in [(our_tags(), None, 1), (Tags::new(), Some(Code::NotOurs), 0)] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "GetDashboard" => Answer::Json(json!({ "DashboardBody": "{}" })),
            "ListTagsForResource" => tagged(&there),
            _ => Answer::ok(),
        });
        let session = aws.session();
        let error = act((&session).into(), &create()).await.err();
        assert_eq!(error.map(|error| error.code), expected);
        assert_eq!(aws.operations().iter().filter(|name| *name == "PutDashboard").count(), puts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_is_read_with_its_tags_and_a_broken_one_is_no_error() {
    for (body, expected) in [(r#"{"widgets":[]}"#, json!({ "widgets": [] })), ("{", json!(null))] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "GetDashboard" => Answer::Json(json!({ "DashboardBody": body })),
            _ => tagged(&our_tags()),
        });
        let session = aws.session();
        let dashboard = observe((&session).into(), NAME, ARN.to_owned()).await.expect("read");
        let dashboard = dashboard.expect("a dashboard");
        assert_eq!((dashboard.arn.as_str(), dashboard.body, dashboard.tags), (ARN, expected, our_tags()));
    }
    for code in ["ResourceNotFound", "DashboardNotFoundError"] {
        let none = FakeAws::new(move |_| gone(code));
        let session = none.session();
        assert_eq!(observe((&session).into(), NAME, ARN.to_owned()).await.expect("read"), None);
        let delete = Action::Delete { name: NAME.to_owned() };
        act((&session).into(), &delete).await.expect("it is gone already");
    }

    // An answer without a dashboard does not say that there is none.
    let other = FakeAws::new(|_| Answer::Json(json!({})));
    let session = other.session();
    let error = observe((&session).into(), NAME, ARN.to_owned()).await.expect_err("no dashboard");
    assert_eq!(error.code, INVALID_RESPONSE);
}
