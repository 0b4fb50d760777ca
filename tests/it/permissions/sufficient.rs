//! The printed policies are enough, nothing in them is too much, and what is missing is named.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use cwl2le_local::Options;
use futures_util::{StreamExt, stream};

use super::cases::{Case, act, actions, bounded, employ, everyday, operator, policy, without};
use crate::support::account::Ground;

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

/// The cases, each for a test of its own.
fn case(name: &str, folder: &Path, account: &str) -> Case {
    match name {
        "operator" => operator(folder),
        "bounded operator" => bounded(folder, account),
        "everyday" => everyday(Vec::new()),
        _ => everyday(bounded(folder, account).stack),
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
    let mut called: BTreeSet<String> = calls.iter().map(ToString::to_string).collect();
    // Needs no permission.
    called.remove("sts:GetCallerIdentity");
    // The one action that is not named like its call.
    if called.remove("lambda:Invoke") {
        called.insert("lambda:InvokeFunction".to_owned());
    }
    let named = actions(&policy);
    called.extend(IMPLIED.map(ToOwned::to_owned).into_iter().filter(|action| named.contains(action)));
    let unasked = NOT_ASKED_FOR.iter().map(|(action, _)| (*action).to_owned());
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

/// Leaves out each of the actions once: some verb fails, and the error names what is missing.
async fn each_is_needed(name: &str, only: impl Fn(&str) -> bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let (ground, folder) = (&ground, folder.path());
    let first = ground.account().await;
    let all = actions(&policy(&first, &case(name, folder, &first.id)).await);
    let all: Vec<&String> = all.iter().filter(|action| only(action)).collect();
    let failures: Vec<String> = stream::iter(&all)
        .map(|action| async move {
            let mut account = ground.account().await;
            let case = case(name, folder, &account.id);
            let policy = without(&policy(&account, &case).await, action);
            employ(&mut account, &case, &policy).await;
            let (_, refused) = act(&account, &case.deeds, &case.stack).await;
            let expected = !NOT_ASKED_FOR.iter().any(|(unasked, _)| unasked == action);
            match refused {
                None if expected => Some(format!("{action}: everything works without it")),
                Some((args, ran)) => {
                    let error = &ran.json()["error"];
                    let named =
                        error["message"].as_str().is_some_and(|message| message.contains(action.as_str()));
                    // The hint prints the policy that has it.
                    let policies = format!("`cwl2le policies {} ", case.document);
                    let hint = error["hint"].as_str().is_some_and(|hint| {
                        hint.contains(&policies)
                            || (case.document == "operator" && hint.contains("`cwl2le policies everyday "))
                    });
                    let as_expected =
                        expected && ran.code == 4 && error["code"] == "access-denied" && named && hint;
                    (!as_expected).then(|| format!("{action}: {args}: {ran:?}"))
                }
                None => None,
            }
        })
        .buffer_unordered(4)
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
