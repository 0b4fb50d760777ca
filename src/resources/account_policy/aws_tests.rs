//! The account policy.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::aws::tests::*;
use crate::aws::{Notice, Options, Stop};
use crate::error::Code;
use crate::resources::account_policy::aws::{
    delete, leave_out, observe, put, replace_account_policy, stop_leaving_out,
};
use crate::resources::{AccountPolicy, AccountPolicySpec, Distribution};
use crate::stack::Setting;

const STREAM: &str = "arn:aws:kinesis:ap-northeast-1:123456789012:stream/s";

fn policy() -> AccountPolicy {
    let spec = AccountPolicySpec {
        name: "cloudwatchLogsFilter".to_owned(),
        pattern: Setting::asked("ERROR".to_owned()),
        distribution: Setting::asked(Distribution::Random),
        destination_arn: STREAM.to_owned(),
        role_arn: Some("arn:aws:iam::123456789012:role/r".to_owned()),
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

/// An AWS that keeps an account policy, unless `meddle` answers; that may also change what is kept. It says nothing
/// of the time of a write.
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
        // Somebody else who has read the policy before our write writes after it, each time something else.
        let aws = keeping(Some(policy()), move |request, kept| {
            let look =
                request.operation == "DescribeAccountPolicies" && (1..=taken_back).contains(&request.before);
            if look {
                let theirs = format!("/theirs/{}", request.before);
                *kept = Some(AccountPolicy { excluded: names(&["/a", "/b", &theirs]), ..policy() });
            }
            None
        });
        let written = leave_out((&aws.session()).into(), &policy().name, &names(&["/ours"])).await;
        if taken_back < usize::MAX {
            written.expect("written");
            let theirs = format!("/theirs/{taken_back}");
            assert_eq!(left_out(&aws).await, names(&["/a", "/b", "/ours", &theirs]));
        } else {
            let error = written.expect_err("given up");
            assert_eq!(error.code, Code::Changed);
            assert_eq!(aws.operations().iter().filter(|made| *made == "PutAccountPolicy").count(), 5);
        }
    }
}

/// A policy as AWS shows it, and when it was written.
type State = Option<(AccountPolicy, i64)>;

/// An AWS whose reads, and whose limit, are `lag` behind its writes. With `times` it tells when a policy was written.
fn lagging(policy: Option<AccountPolicy>, lag: Duration, times: bool) -> FakeAws {
    let history: Mutex<Vec<(Option<Instant>, State)>> = Mutex::new(vec![(None, policy.map(|is| (is, 0)))]);
    FakeAws::new(move |request| {
        let (mut history, now) = (history.lock().expect("no panic"), Instant::now());
        let seen = |(at, _): &&(Option<Instant>, State)| at.is_none_or(|at| at + lag <= now);
        let shown = history.iter().rev().find(seen).and_then(|(_, state)| state.clone());
        let time = history.len() as i64;
        let told = |(is, time): &(AccountPolicy, i64)| {
            let mut told = json!({ "policyName": is.name, "policyDocument": is.document,
                                   "selectionCriteria": is.selection() });
            if times {
                told["lastUpdatedTime"] = json!(time);
            }
            told
        };
        let text = |field| request.text(field);
        match request.operation.as_str() {
            "PutAccountPolicy" => {
                let name = text("policyName");
                if shown.is_some_and(|(is, _)| is.name != name) {
                    return Answer::Error(400, "LimitExceededException", "Resource limit exceeded.");
                }
                let read = AccountPolicy::read(name, text("policyDocument"), text("selectionCriteria"));
                history.push((Some(now), Some((read.clone(), time))));
                Answer::Json(json!({ "accountPolicy": told(&(read, time)) }))
            }
            "DeleteAccountPolicy" => {
                history.push((Some(now), None));
                Answer::ok()
            }
            _ => Answer::Json(json!({ "accountPolicies": shown.iter().map(told).collect::<Vec<_>>() })),
        }
    })
}

fn puts(aws: &FakeAws) -> Vec<String> {
    let requests = aws.requests().into_iter().filter(|request| request.operation == "PutAccountPolicy");
    requests.map(|request| request.text("policyName").to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_read_from_before_the_write_is_not_somebody_elses_write() {
    for times in [true, false] {
        for seconds in [5, 60, 290] {
            let aws = lagging(Some(policy()), Duration::from_secs(seconds), times);
            let (session, waits) = (aws.session(), Waits::default());
            let told = |notice: Notice<'_>| waits.note(notice);
            leave_out(session.telling(&told), &policy().name, &names(&["/ours"])).await.expect("written");
            assert!(
                waits.reasons().contains(&"AWS to show the account policy".to_owned()),
                "it is seen to wait"
            );
            if times {
                assert_eq!(puts(&aws).len(), 1, "where AWS tells the time of the write, once is enough");
            }

            let aws = lagging(None, Duration::from_secs(seconds), times);
            put((&aws.session()).into(), &policy(), &BTreeSet::new()).await.expect("written");
        }
        let aws = lagging(Some(policy()), Duration::from_secs(3600), times);
        let error = leave_out((&aws.session()).into(), &policy().name, &names(&["/ours"])).await;
        let error = error.expect_err("it is waited for as long as for anything else");
        assert_eq!(error.code, Code::NotReady, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_deleted_policy_is_waited_for() {
    let theirs = AccountPolicy { name: "theirs".to_owned(), ..policy() };
    for times in [true, false] {
        let aws = lagging(Some(theirs.clone()), Duration::from_secs(60), times);
        replace_account_policy((&aws.session()).into(), "theirs", &policy()).await.expect("replaced");
        assert!(puts(&aws).iter().all(|name| *name == policy().name), "theirs is not put back");
        assert_eq!(observe((&aws.session()).into()).await.expect("read"), Some(policy()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_gave_way_comes_back_where_there_is_no_room_in_the_end_or_the_user_stops() {
    let theirs = AccountPolicy { name: "theirs".to_owned(), ..policy() };
    let aws = lagging(Some(theirs.clone()), Duration::from_secs(3600), true);
    let error = replace_account_policy((&aws.session()).into(), "theirs", &policy()).await;
    let error = error.expect_err("no room");
    assert_eq!(error.code, Code::NotReady);
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("was restored")), "{error:?}");
    assert_eq!(puts(&aws).last().map(String::as_str), Some("theirs"));

    let stop = Stop::new();
    let options = Options { stop: stop.clone(), ..Options::default() };
    let aws = lagging(Some(theirs), Duration::from_secs(60), true);
    let (session, restore) = (aws.session_with(&options), Mutex::new(String::new()));
    let told = |notice: Notice<'_>| match notice {
        Notice::GivesWay { restore: command } => *restore.lock().expect("no panic") = command.to_owned(),
        // While it waits for the place.
        Notice::Waiting { .. } => stop.request(),
        _ => {}
    };
    let error = replace_account_policy(session.telling(&told), "theirs", &policy()).await;
    assert_eq!(error.expect_err("stopped").code, Code::Interrupted);
    assert_eq!(puts(&aws).last().map(String::as_str), Some("theirs"));
    let restore = restore.into_inner().expect("no panic");
    assert!(
        restore.starts_with(
            "aws logs put-account-policy --policy-name theirs --policy-type SUBSCRIPTION_FILTER_POLICY --scope ALL \
             --policy-document '{"
        ) && restore.ends_with(r#" --selection-criteria 'LogGroupName NOT IN ["/a", "/b"]'"#),
        "{restore}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_after_the_new_policy_was_written_leaves_it_there() {
    let stop = Stop::new();
    let options = Options { stop: stop.clone(), ..Options::default() };
    let theirs = AccountPolicy { name: "theirs".to_owned(), ..policy() };
    let aws = lagging(Some(theirs), Duration::from_secs(5), true);
    let told = |notice: Notice<'_>| {
        if notice == Notice::Made {
            stop.request();
        }
    };
    let session = aws.session_with(&options);
    let error = replace_account_policy(session.telling(&told), "theirs", &policy()).await;
    assert_eq!(error.expect_err("stopped").code, Code::Interrupted);
    assert_eq!(puts(&aws).last(), Some(&policy().name));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_somebody_else_takes_is_not_waited_for() {
    let theirs = AccountPolicy { name: "theirs".to_owned(), ..policy() };
    let late = AccountPolicy { name: "late".to_owned(), ..policy() };
    let aws = keeping(Some(theirs), move |request, kept| match request.operation.as_str() {
        "DeleteAccountPolicy" => {
            *kept = Some(late.clone());
            Some(Answer::ok())
        }
        "PutAccountPolicy" => Some(Answer::Error(400, "LimitExceededException", "Resource limit exceeded.")),
        _ => None,
    });
    let begun = Instant::now();
    let error = replace_account_policy((&aws.session()).into(), "theirs", &policy()).await;
    let error = error.expect_err("no room");
    assert!(error.code == Code::FilterLimit && error.message.contains("`late`"), "{error}");
    let hint = error.hint.expect("a hint");
    assert!(hint.contains("restore it with: aws logs put-account-policy --policy-name theirs"), "{hint}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
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
