//! The printed policies are enough, nothing in them is too much, and what is missing is named.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use cwl2le_local::{Call, Options};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::Mutex;

use super::cases::{
    Case, act, actions, allow, bounded, canary, denied, employ, everyday, on_call, operator, policy, watched,
    without,
};
use crate::support::Ran;
use crate::support::account::{Account, Ground};

/// Actions that no call is named like: AWS asks for them because of what a call passes, sets or names.
const IMPLIED: [&str; 6] = [
    "iam:PassRole",
    "iam:TagRole",
    "kinesis:AddTagsToStream",
    "kms:DescribeKey",
    "lambda:TagResource",
    "logs:TagResource",
];

/// Actions that the local AWS cannot ask for, and why they are in the policies all the same.
const NOT_ASKED_FOR: [(&str, &str); 3] = [
    (
        "kinesis:UpdateStreamMode",
        "`setup --on-demand` of a provisioned stream; the local AWS has no such operation",
    ),
    (
        "lambda:ListTags",
        "AWS' GetFunction answers without tags where it is missing; the local AWS always shows them",
    ),
    ("lambda:DeleteFunctionConcurrency", "the local AWS asks for lambda:PutFunctionConcurrency in its place"),
];

/// Actions without which every verb works, and what is missing then.
const NOT_NEEDED: [(&str, &str); 1] =
    [("logs:TestMetricFilter", "a wrong filter pattern is found when the filter is put, and not before")];

/// Actions of `test`, `replay`, `doctor --pre` and of stacks with buckets, which not every case has.
const OF_SOME_CASES: [&str; 22] = [
    "kinesis:DescribeLimits",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "kinesis:PutRecord",
    "kinesis:PutRecords",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lambda:GetAccountSettings",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:DeleteSubscriptionFilter",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
    "logs:PutSubscriptionFilter",
    "logs:TagResource",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
];

/// Accounts of each test that leaves actions out, which are as many actions at once.
const ACCOUNTS: usize = 3;

/// The cases, each for a test of its own.
fn case(name: &str, folder: &Path, account: &str) -> Case {
    match name {
        "operator" => operator(folder),
        "bounded operator" => bounded(folder, account),
        "everyday" => everyday(watched()),
        "on-call" => on_call(watched()),
        "canary" => canary(),
        "bounded on-call" => on_call(bounded(folder, account).stack),
        _ => everyday(bounded(folder, account).stack),
    }
}

/// The action of a call. Some are not named like their call, or not like the service that the call is signed for.
pub(super) fn action_of(call: &Call) -> String {
    match (call.service.as_str(), call.operation.as_str()) {
        ("lambda", "Invoke") => "lambda:InvokeFunction".to_owned(),
        ("monitoring", operation) => format!("cloudwatch:{operation}"),
        ("tagging", operation) => format!("tag:{operation}"),
        // Of a bucket, and of nothing in it.
        ("s3", operation) if operation.starts_with("GET /") && operation.matches('/').count() == 1 => {
            "s3:ListBucket".to_owned()
        }
        _ => call.to_string(),
    }
}

/// With exactly its document a case goes through, and what it calls is what the document names.
async fn is_enough(name: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let mut account = ground.account().await;
    let case = case(name, folder.path(), &account.id);
    let policy = policy(&account, &case).await;
    employ(&mut account, &case, &policy).await;
    let (calls, refused) = act(&account, &case.deeds, &case.stack).await;
    assert!(refused.is_none(), "{refused:?}\n{}", ground.aws.logs_tail(20));
    let mut called: BTreeSet<String> = calls.iter().map(action_of).collect();
    // Needs no permission.
    called.remove("sts:GetCallerIdentity");
    let named = actions(&policy);
    called.extend(IMPLIED.map(ToOwned::to_owned).into_iter().filter(|action| named.contains(action)));
    let unasked = NOT_ASKED_FOR.iter().map(|(action, _)| *action).chain(OF_SOME_CASES).map(ToOwned::to_owned);
    called.extend(unasked.filter(|action| named.contains(action)));
    (named, called)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_policy_is_enough_and_names_exactly_what_is_called() {
    let (named, called) = is_enough("operator").await;
    assert_eq!(named, called);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_policy_of_a_stack_with_path_key_boundary_and_buckets_is_enough() {
    let (named, called) = is_enough("bounded operator").await;
    assert!(called.is_subset(&named), "{called:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_everyday_policy_is_enough_and_names_exactly_what_is_called() {
    let (named, called) = is_enough("everyday").await;
    assert_eq!(named, called);
    let changes = ["Create", "Update", "PutRole", "Attach", "Delete"];
    let others = |action: &&String| !action.starts_with("logs:");
    let is_change = |action: &&String| changes.iter().any(|verb| action.contains(&format!(":{verb}")));
    let changing: Vec<&String> = named.iter().filter(others).filter(is_change).collect();
    assert!(changing.is_empty(), "{changing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_everyday_policy_of_a_stack_with_path_key_boundary_and_buckets_is_enough() {
    let (named, called) = is_enough("bounded everyday").await;
    assert_eq!(named, called);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_whoever_is_on_call_is_enough_and_names_exactly_what_is_called() {
    let (named, called) = is_enough("on-call").await;
    assert_eq!(named, called);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_on_call_policy_of_a_stack_with_path_key_boundary_and_buckets_is_enough() {
    let (named, called) = is_enough("bounded on-call").await;
    assert!(called.is_subset(&named), "{called:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_whoever_is_on_call_is_enough_for_a_canary() {
    let (named, called) = is_enough("canary").await;
    assert!(called.is_subset(&named), "{called:?}");
    assert!(called.contains("logs:PutLogEvents") && called.contains("kinesis:PutRecord"), "{called:?}");
}

/// An account in which a case has gone through once, kept as it was before each of its deeds.
struct Replay {
    account: Account,
    case: Case,
    policy: Value,
    /// The first deed that makes the call of an action.
    first: BTreeMap<String, usize>,
    _folder: tempfile::TempDir,
}

impl Replay {
    async fn of(name: &str, ground: &Ground) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut account = ground.account().await;
        let case = case(name, folder.path(), &account.id);
        let policy = policy(&account, &case).await;
        employ(&mut account, &case, &policy).await;
        let mut first = BTreeMap::new();
        for (n, deed) in case.deeds.iter().enumerate() {
            account.proxy.idle().await.expect("a proxy");
            ground.aws.keep(&account.id, n).await.expect("kept");
            let (calls, refused) = act(&account, std::slice::from_ref(deed), &case.stack).await;
            assert!(refused.is_none(), "{refused:?}\n{}", ground.aws.logs_tail(20));
            for call in calls {
                first.entry(action_of(&call)).or_insert(n);
            }
        }
        Self { account, case, policy, first, _folder: folder }
    }

    /// Does again what comes of the case without one action. What went before its first call went without it, too; an
    /// action that other calls imply is left out from the beginning.
    async fn without(&self, action: &str, ground: &Ground) -> Option<(String, Ran)> {
        let implied = IMPLIED.contains(&action);
        let from = self.first.get(action).copied().filter(|_| !implied).unwrap_or(0);
        self.account.proxy.idle().await.expect("a proxy");
        ground.aws.restore(&self.account.id, from).await.expect("restored");
        allow(&self.account, &without(&self.policy, action)).await;
        act(&self.account, &self.case.deeds[from..], &self.case.stack).await.1
    }
}

/// The documents of which this one has every action, itself included.
fn smaller_or_same(document: &str) -> &'static [&'static str] {
    match document {
        "operator" => &["operator", "everyday", "on-call"],
        "everyday" => &["everyday", "on-call"],
        _ => &["on-call"],
    }
}

/// Leaves out each of the actions once: some verb fails, and the error names what is missing.
async fn each_is_needed(name: &str, only: impl Fn(&str) -> bool) {
    let ground = &Ground::start(Options { auth: true, ..Options::default() }).await;
    let replays = stream::iter(0..ACCOUNTS).map(|_| Replay::of(name, ground));
    let replays: Vec<Replay> = replays.buffer_unordered(ACCOUNTS).collect().await;
    let (policy, document) = (replays[0].policy.clone(), replays[0].case.document);
    let all = actions(&policy);
    let all: Vec<&String> = all.iter().filter(|action| only(action)).collect();
    let free = &Mutex::new(replays);
    let failures: Vec<String> = stream::iter(&all)
        .map(|action| async move {
            // There are as many accounts as actions at once.
            let replay = free.lock().await.pop().expect("a free account");
            let refused = replay.without(action, ground).await;
            free.lock().await.push(replay);
            let is_unasked = NOT_ASKED_FOR.iter().any(|(unasked, _)| unasked == action);
            let is_of_others = refused.is_none() && OF_SOME_CASES.contains(&action.as_str());
            let is_not_needed = NOT_NEEDED.iter().any(|(action_of_check, _)| action_of_check == action);
            let expected = !is_unasked && !is_of_others && !is_not_needed;
            match refused {
                None if expected => Some(format!("{action}: everything works without it")),
                // `status` shows what it can, and names what it lacks.
                Some((_, ran)) if ran.code == 0 && denied(&ran).contains(action) => None,
                Some((args, ran)) => {
                    let error = &ran.json()["error"];
                    let named =
                        error["message"].as_str().is_some_and(|message| message.contains(action.as_str()));
                    // The hint prints a policy that has it: the smallest one with all that the verb needs.
                    let names = |document: &&str| {
                        let policies = format!("`cwl2le policies {document} ");
                        error["hint"].as_str().is_some_and(|hint| hint.contains(&policies))
                    };
                    let hint = smaller_or_same(document).iter().any(names);
                    let as_expected =
                        expected && ran.code == 4 && error["code"] == "access-denied" && named && hint;
                    (!as_expected).then(|| format!("{action}: {args}: {ran:?}"))
                }
                None => None,
            }
        })
        .buffer_unordered(ACCOUNTS)
        .filter_map(async |failure| failure)
        .collect()
        .await;
    let report =
        format!("{name}: {} actions, each left out once; {} not as expected\n", all.len(), failures.len());
    // Past the test harness, which shows the output of failed tests only.
    std::io::stderr().write_all(report.as_bytes()).expect("written");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_action_of_the_operators_the_error_names_it() {
    each_is_needed("operator", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_action_for_roles_and_keys_of_a_bounded_stack_the_error_names_it() {
    let for_roles_and_keys = |action: &str| {
        action.starts_with("iam:") || action.starts_with("kms:") || action.ends_with("StreamEncryption")
    };
    each_is_needed("bounded operator", for_roles_and_keys).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_everyday_action_the_error_names_it() {
    each_is_needed("everyday", |_| true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_action_to_look_with_whoever_is_on_call_is_told_its_name() {
    // A canary takes seconds, and passes the role for its filter.
    let looks = |action: &str| !OF_SOME_CASES.contains(&action) && action != "iam:PassRole";
    each_is_needed("on-call", looks).await;
}
