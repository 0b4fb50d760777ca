//! The policies of a member account are enough, and name exactly what is called.

use std::collections::BTreeSet;

use cwl2le_local::{Call, Options};
use serde_json::{Value, json};

use super::cases::{actions, allow, called, document, owned};
use super::sufficient::action_of;
use crate::support::account::{Account, GROUP, Ground};
use crate::support::destination::Destination;

const ORGANIZATION: &str = "o-a1b2c3d4e5";
const SECOND: &str = "/app/second";

/// A central account, a member account of an organization that its destination accepts, and the flags for it.
async fn accounts(ground: &Ground) -> (Account, Account, Vec<String>) {
    let (central, member) = (ground.account().await, ground.account().await);
    let destination =
        Destination::make(central.config.clone(), &central.id, "their-stream", &[&member.id]).await;
    destination.accept_organization(ORGANIZATION).await;
    ground.aws.set_organization(&member.id, Some(ORGANIZATION), true).await.expect("a member");
    let group = member.logs().create_log_group().log_group_name(SECOND).tags("team", "a");
    group.send().await.expect("a log group");
    (central, member, owned(&["--to-destination", &destination.arn]))
}

/// Has a user with just this policy run these, and returns what they call.
async fn employed(
    account: &mut Account,
    policy: &Value,
    flags: &[String],
    deeds: &[&[&str]],
) -> BTreeSet<String> {
    let iam = account.iam();
    iam.create_user().user_name("person").send().await.expect("a user");
    allow(account, policy).await;
    let key =
        iam.create_access_key().user_name("person").send().await.expect("a key").access_key.expect("a key");
    account.keys = (key.access_key_id, key.secret_access_key);
    let mut calls: Vec<Call> = Vec::new();
    for deed in deeds {
        called(account, &[&owned(deed)[..], flags].concat(), &mut calls).await.ok();
    }
    let mut all: BTreeSet<String> = calls.iter().map(action_of).collect();
    all.remove("sts:GetCallerIdentity");
    all
}

/// Gives the role of the member a policy more, which whoever removes the role has to detach.
async fn attach(account: &Account) {
    let iam = account.iam();
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" }
    ] });
    let policy = iam.create_policy().policy_name("attached").policy_document(policy.to_string());
    let arn = policy.send().await.expect("a policy").policy.expect("a policy").arn;
    let attach = iam.attach_role_policy().role_name("cwl-to-destination").set_policy_arn(arn);
    attach.send().await.expect("attached");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_everyday_policy_of_a_member_is_enough_and_names_exactly_what_is_called() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let (_central, mut account, flags) = accounts(&ground).await;
    let policy =
        document(&account, "everyday", &[&flags[..], &owned(&["--member-role", "--all"])].concat()).await;
    let operator = [&owned(&["subscribe", GROUP, "--member-role"])[..], &flags].concat();
    called(&account, &operator, &mut Vec::new()).await.ok();
    attach(&account).await;
    let deeds: [&[&str]; 7] = [
        &["subscribe", "--tag", "team=a", "--filter-pattern", "ERROR"],
        &["status"],
        &["plan"],
        &["subscribe", "--all"],
        &["unsubscribe", "--all"],
        &["subscribe", SECOND, "--dry-run"],
        &["unsubscribe", SECOND],
    ];
    let mut made = employed(&mut account, &policy, &flags, &deeds).await;
    made.insert("iam:PassRole".to_owned());
    assert_eq!(actions(&policy), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_policy_of_a_member_is_enough() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let (_central, mut account, flags) = accounts(&ground).await;
    let policy = document(&account, "operator", &flags).await;
    let deeds: [&[&str]; 3] =
        [&["setup", "-g", GROUP, "--member-role"], &["status", "--check"], &["teardown"]];
    let made = employed(&mut account, &policy, &flags, &deeds).await;
    assert!(made.is_subset(&actions(&policy)), "{made:?}");
    assert!(made.contains("iam:CreateRole") && made.contains("iam:DeleteRole"), "{made:?}");
}
