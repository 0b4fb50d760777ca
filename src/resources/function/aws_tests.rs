//! What Lambda answers of a function that is on its way, failed, or not shown.

use std::collections::BTreeMap;

use serde_json::json;

use super::aws as lambda;
use super::bundle::{Arch, Bundle};
use super::{CreateFunction, observed::FunctionFailure};
use crate::aws::tests::*;
use crate::error::Code;

fn function() -> CreateFunction {
    CreateFunction {
        name: "f".to_owned(),
        role_arn: "arn:aws:iam::123456789012:role/r".to_owned(),
        bundle: Bundle { arch: Arch::Arm64, zip: b"zip".to_vec().into(), sha256: "hash".to_owned() },
        description: "d".to_owned(),
        network: crate::resources::Network::default(),
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
