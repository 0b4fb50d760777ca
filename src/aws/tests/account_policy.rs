//! The account policy.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::super::account_policy::{delete, leave_out, observe, put, stop_leaving_out};
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
    let aws = keeping(None, |request, _| {
        let refusal = "Make sure you have given CloudWatch Logs permission to assume the provided role.";
        let first = request.operation == "PutAccountPolicy" && request.before == 0;
        first.then_some(Answer::Error(400, "ValidationException", refusal))
    });
    put((&aws.session()).into(), &policy(), &BTreeSet::new()).await.expect("put");
    let requests = aws.requests();
    let puts: Vec<&Request> = requests.iter().filter(|r| r.operation == "PutAccountPolicy").collect();
    let [_, made] = &puts[..] else { panic!("a refusal and a retry: {requests:?}") };
    assert_eq!(requests.len(), 4, "and a look before and after");
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

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// An AWS that keeps an account policy, unless `meddle` answers; that may also change what is kept.
fn keeping(
    policy: Option<AccountPolicy>,
    meddle: impl Fn(&Request, &mut Option<AccountPolicy>) -> Option<Answer> + Send + Sync + 'static,
) -> FakeAws {
    let policy = Mutex::new(policy);
    FakeAws::new(move |request| {
        let mut kept = policy.lock().expect("no panic");
        if let Some(answer) = meddle(request, &mut kept) {
            return answer;
        }
        if request.operation == "PutAccountPolicy" {
            let text = |field| request.text(field);
            let read =
                AccountPolicy::read(text("policyName"), text("policyDocument"), text("selectionCriteria"));
            *kept = Some(read);
        }
        let policies: Vec<Value> = kept
            .iter()
            .map(|is| {
                json!({ "policyName": is.name, "policyDocument": is.document, "selectionCriteria": is.selection() })
            })
            .collect();
        Answer::Json(json!({ "accountPolicies": policies }))
    })
}

async fn left_out(aws: &FakeAws) -> BTreeSet<String> {
    observe((&aws.session()).into()).await.expect("read").expect("a policy").excluded
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_it_leave_out_meanwhile_stays() {
    // Planned when it left out nothing but `/a` and `/b`.
    let there = AccountPolicy { excluded: names(&["/a", "/b", "/theirs"]), ..policy() };
    let aws = keeping(Some(there.clone()), |_, _| None);
    leave_out((&aws.session()).into(), &there.name, &names(&["/ours"])).await.expect("written");
    assert_eq!(left_out(&aws).await, names(&["/a", "/b", "/ours", "/theirs"]));

    stop_leaving_out((&aws.session()).into(), &there.name, "/a").await.expect("written");
    assert_eq!(left_out(&aws).await, names(&["/b", "/ours", "/theirs"]));

    let aws = keeping(Some(there), |_, _| None);
    let want = AccountPolicy { excluded: names(&["/a"]), ..policy() };
    put((&aws.session()).into(), &want, &names(&["/b"])).await.expect("written");
    assert_eq!(left_out(&aws).await, names(&["/a", "/theirs"]));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_taken_back_is_made_again_and_not_for_ever() {
    for taken_back in [1, 4, usize::MAX] {
        // Somebody else who has read the policy before our write writes after it.
        let aws = keeping(Some(policy()), move |request, kept| {
            let look =
                request.operation == "DescribeAccountPolicies" && (1..=taken_back).contains(&request.before);
            if look {
                *kept = Some(AccountPolicy { excluded: names(&["/a", "/b", "/theirs"]), ..policy() });
            }
            None
        });
        let written = leave_out((&aws.session()).into(), &policy().name, &names(&["/ours"])).await;
        if taken_back < usize::MAX {
            written.expect("written");
            assert_eq!(left_out(&aws).await, names(&["/a", "/b", "/ours", "/theirs"]));
        } else {
            let error = written.expect_err("given up");
            assert_eq!(error.code, Code::Changed);
            assert_eq!(aws.operations().iter().filter(|made| *made == "PutAccountPolicy").count(), 5);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_is_gone_is_not_made_again_to_leave_something_out() {
    let others = AccountPolicy { name: "another".to_owned(), ..policy() };
    for there in [None, Some(others)] {
        let aws = keeping(there, |_, _| None);
        let session = aws.session();
        leave_out((&session).into(), &policy().name, &names(&["/ours"])).await.expect("nothing to do");
        stop_leaving_out((&session).into(), &policy().name, "/a").await.expect("nothing to do");
        assert_eq!(aws.operations(), ["DescribeAccountPolicies"; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn where_there_is_another_one_the_error_names_it() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        "PutAccountPolicy" => Answer::Error(400, "LimitExceededException", "Resource limit exceeded."),
        _ => Answer::Json(json!({ "accountPolicies": [{ "policyName": "theirs",
            "policyDocument": r#"{"DestinationArn":"arn:theirs"}"# }] })),
    });
    let error = put((&aws.session()).into(), &policy(), &BTreeSet::new()).await.expect_err("refused");
    assert_eq!(error.code, Code::FilterLimit);
    assert!(error.message.contains("`theirs` to arn:theirs"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_read_as_none_and_gone_already() {
    let aws = FakeAws::new(|request| Answer::missing(&request.operation));
    assert_eq!(observe((&aws.session()).into()).await.expect("read"), None);
    delete((&aws.session()).into(), "x").await.expect("gone");
}
