//! The policy of `cwl2le policies operator` is enough, nothing in it is too much, and what is missing is named.

#[path = "support/account.rs"]
mod account;
mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use account::{Account, GROUP, Ground, setup};
use cwl2le_local::{Call, Options};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use support::{Ran, TOKEN};

const SECOND: &str = "/app/second";
const USER: &str = "operator";

/// Actions that no call is named like: AWS asks for them because of what a call passes or sets.
const IMPLIED: [&str; 5] =
    ["iam:PassRole", "iam:TagRole", "kinesis:AddTagsToStream", "lambda:TagResource", "logs:TagResource"];

/// Actions that nothing here fails without, and why they are in the policy all the same.
const NOT_ASKED_FOR: [(&str, &str); 5] = [
    ("secretsmanager:DescribeSecret", "without it, `plan` and `setup` warn"),
    ("ssm:DescribeParameters", "without it, `plan` and `setup` warn"),
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

/// What the operator does, and what others do meanwhile to make work.
enum Deed {
    Run(Vec<String>),
    EditTrust,
    Throttle,
    AttachPolicy,
}

/// Every verb, and every change that a stack can be asked for.
fn deeds(other_forwarder: &Path) -> Vec<Deed> {
    let run = |args: &[&str]| Deed::Run(args.iter().map(|arg| (*arg).to_owned()).collect());
    let boundary = "arn:aws:iam::aws:policy/AdministratorAccess";
    let folder = other_forwarder.parent().expect("a folder");
    let file = |name: &str, destinations: &[&str]| {
        let section = |keys: &&str| {
            format!(
                "[destinations.{keys}\ntype = \"logentries\"\nendpoint = \"127.0.0.1:1\"\ntls = false\ntoken = \"{TOKEN}\"\n"
            )
        };
        let path = folder.join(name);
        std::fs::write(&path, destinations.iter().map(section).collect::<String>()).expect("written");
        path.display().to_string()
    };
    let isolated = file("isolated.toml", &["default]", "audit]\nisolated = true"]);
    let without = file("without.toml", &["default]"]);
    vec![
        run(&setup(&["--log-group", GROUP])),
        run(&["subscribe", "--log-group", SECOND]),
        run(&["status"]),
        run(&["preview", "--log-group", GROUP]),
        run(&["setup", "--retention-hours", "48", "--memory", "512", "--batch-size", "200"]),
        run(&["setup", "--retention-hours", "24", "--log-retention-days", "7", "--tag", "team=platform"]),
        run(&["setup", "--reserved-concurrency", "1"]),
        run(&["setup", "--forwarder-zip", other_forwarder.to_str().expect("a path")]),
        run(&["setup", "--kms-key", "1234abcd-12ab-34cd-56ef-1234567890ab"]),
        run(&["setup", "--kms-key", "none"]),
        run(&["setup", "--shards", "2"]),
        run(&["setup", "--permissions-boundary", boundary]),
        Deed::EditTrust,
        Deed::Throttle,
        run(&["setup"]),
        run(&["unsubscribe", "--log-group", SECOND]),
        run(&["setup", "--config", &isolated]),
        run(&["subscribe", "--all"]),
        run(&["unsubscribe", "--all"]),
        run(&["setup", "--config", &without]),
        Deed::AttachPolicy,
        run(&["teardown", "--yes"]),
    ]
}

/// Makes `cwl2le` the operator, with this policy.
async fn employ(account: &mut Account, policy: &Value) {
    let iam = account.iam();
    iam.create_user().user_name(USER).send().await.expect("a user");
    let put =
        iam.put_user_policy().user_name(USER).policy_name("operator").policy_document(policy.to_string());
    put.send().await.expect("a policy");
    let key = iam.create_access_key().user_name(USER).send().await.expect("a key").access_key.expect("a key");
    account.keys = (key.access_key_id, key.secret_access_key);
    account.logs().create_log_group().log_group_name(SECOND).send().await.expect("a log group");
}

/// The deeds in order until one is refused; every call made, and how the refused one ended.
async fn act(account: &Account, deeds: &[Deed]) -> (Vec<Call>, Option<(String, Ran)>) {
    let (iam, mut calls) = (account.iam(), Vec::new());
    for deed in deeds {
        match deed {
            Deed::Run(args) => {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let (ran, made) = account.run(&args).await;
                calls.extend(made);
                if ran.code != 0 {
                    return (calls, Some((args.join(" "), ran)));
                }
            }
            Deed::EditTrust => {
                let anyone = json!({ "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }
                ] });
                let edit = iam.update_assume_role_policy().role_name("cwl-to-kinesis");
                edit.policy_document(anyone.to_string()).send().await.expect("edited");
            }
            Deed::Throttle => {
                let lambda = aws_sdk_lambda::Client::new(&account.config);
                let none = lambda.put_function_concurrency().function_name("cwl-to-logentries");
                none.reserved_concurrent_executions(0).send().await.expect("throttled");
            }
            Deed::AttachPolicy => {
                let policy = json!({ "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*" }
                ] });
                let policy = iam.create_policy().policy_name("attached").policy_document(policy.to_string());
                let arn = policy.send().await.expect("a policy").policy.expect("a policy").arn;
                let attach = iam.attach_role_policy().role_name("cwl-to-kinesis").set_policy_arn(arn);
                attach.send().await.expect("attached");
            }
        }
    }
    (calls, None)
}

/// The operator's policy for an account, as a person would get it.
async fn policy(account: &Account) -> Value {
    let report = account.run(&["policies", "operator", "--account", &account.id]).await.0.ok().json();
    report["operator"].clone()
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements.iter().flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    });
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// The policy without one action, wherever it stands.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    for statement in statements.iter_mut() {
        match &mut statement["Action"] {
            Value::Array(actions) => actions.retain(|other| other != action),
            only if only == action => *only = json!([]),
            _ => {}
        }
        // A statement needs an action, and a document a statement.
        if statement["Action"] == json!([]) || statement["Action"] == json!("") {
            statement["Action"] = json!("sts:GetCallerIdentity");
        }
    }
    policy
}

/// The bundled forwarder in a zip of other bytes.
fn other_forwarder(folder: &Path) -> std::path::PathBuf {
    let (bundled, other) = (folder.join("bundled.zip"), folder.join("other.zip"));
    let made = support::cwl2le().args(["package", "--to"]).arg(&bundled).output().expect("cwl2le runs");
    assert!(made.status.success(), "{made:?}");
    let mut zip = zip::ZipArchive::new(std::fs::File::open(bundled).expect("a file")).expect("a zip");
    let mut bootstrap = Vec::new();
    zip.by_name("bootstrap").expect("a bootstrap").read_to_end(&mut bootstrap).expect("read");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&other).expect("a file"));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options.compression_level(Some(1))).expect("a file");
    zip.write_all(&bootstrap).expect("written");
    zip.finish().expect("a zip");
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_policy_is_enough_and_names_exactly_what_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let deeds = deeds(&other_forwarder(folder.path()));
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let mut account = ground.account().await;
    let policy = policy(&account).await;
    employ(&mut account, &policy).await;
    let (calls, refused) = act(&account, &deeds).await;
    assert!(refused.is_none(), "{refused:?}\n{}", ground.aws.logs_tail(20));

    let mut called: BTreeSet<String> = calls.iter().map(ToString::to_string).collect();
    // Needs no permission.
    called.remove("sts:GetCallerIdentity");
    // The one action that is not named like its call.
    assert!(called.remove("lambda:Invoke") && called.insert("lambda:InvokeFunction".to_owned()));
    called.extend(IMPLIED.map(ToOwned::to_owned));
    called.extend(NOT_ASKED_FOR.map(|(action, _)| action.to_owned()));
    assert_eq!(actions(&policy), called);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_action_the_error_names_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let deeds = deeds(&other_forwarder(folder.path()));
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let (ground, deeds) = (&ground, &deeds);
    let all = actions(&policy(&ground.account().await).await);
    let failures: Vec<String> = stream::iter(&all)
        .map(|action| async move {
            let mut account = ground.account().await;
            let policy = without(&policy(&account).await, action);
            employ(&mut account, &policy).await;
            let (_, refused) = act(&account, deeds).await;
            let expected = !NOT_ASKED_FOR.iter().any(|(unasked, _)| unasked == action);
            match refused {
                None if expected => Some(format!("{action}: everything works without it")),
                Some((args, ran)) => {
                    let error = &ran.json()["error"];
                    let named =
                        error["message"].as_str().is_some_and(|message| message.contains(action.as_str()));
                    let as_expected = expected && ran.code == 4 && error["code"] == "access-denied" && named;
                    (!as_expected).then(|| format!("{action}: {args}: {ran:?}"))
                }
                None => None,
            }
        })
        .buffer_unordered(4)
        .filter_map(async |failure| failure)
        .collect()
        .await;
    let report = format!("{} actions, each left out once; {} not as expected\n", all.len(), failures.len());
    // Past the test harness, which shows the output of failed tests only.
    std::io::stderr().write_all(report.as_bytes()).expect("written");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_may_do_what_they_are_for_and_no_less_would_do() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    account.run(&setup(&["--log-group", GROUP])).await.0.ok();
    let rendered = account.run(&["policies", "--account", &account.id]).await.0.ok().json();
    let cases = [
        ("cwl-to-kinesis", "cwl-kinesis-write", "logs", ["kinesis:PutRecord"].as_slice()),
        (
            "cwl-to-logentries",
            "cwl-logentries-forward",
            "forwarder",
            &[
                "kinesis:DescribeStream",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
        ),
    ];
    for (role, name, document, needed) in cases {
        for action in needed {
            // What uses the role goes, so that the next setup makes it again and AWS looks at the role again.
            account.run(&["unsubscribe", "--log-group", GROUP]).await.0.ok();
            let lambda = aws_sdk_lambda::Client::new(&account.config);
            let mappings = lambda.list_event_source_mappings().send().await.expect("mappings");
            for mapping in mappings.event_source_mappings.into_iter().flatten() {
                lambda.delete_event_source_mapping().set_uuid(mapping.uuid).send().await.expect("deleted");
            }
            let policy = without(&rendered[document], action);
            assert_ne!(policy, rendered[document], "{document} has no {action}");
            let put = account.iam().put_role_policy().role_name(role).policy_name(name);
            put.policy_document(policy.to_string()).send().await.expect("a policy");
            refused(&account, role, action).await;
            // setup mends the policy, and then everything works.
            account.run(&setup(&["--log-group", GROUP])).await.0.ok();
            assert_eq!(account.seen().await, account.whole(true), "after {action} came back");
        }
    }
}

/// With the policy as it is, AWS refuses what needs the role.
async fn refused(account: &Account, role: &str, action: &str) {
    let stream = format!("arn:aws:kinesis:{}:{}:stream/cwl2le", support::REGION, account.id)
        .replace("cwl2le", "cloudwatch-logs-stream");
    let error = if role == "cwl-to-kinesis" {
        let put = account.logs().put_subscription_filter().log_group_name(GROUP).filter_name("probe");
        let arn = format!("arn:aws:iam::{}:role/{role}", account.id);
        let put = put.filter_pattern("").destination_arn(stream).role_arn(arn).send().await;
        format!("{:?}", put.expect_err(action))
    } else {
        let lambda = aws_sdk_lambda::Client::new(&account.config);
        let create = lambda.create_event_source_mapping().function_name("cwl-to-logentries");
        let position = aws_sdk_lambda::types::EventSourcePosition::TrimHorizon;
        let create = create.event_source_arn(stream).starting_position(position).send().await;
        format!("{:?}", create.expect_err(action))
    };
    let known = ["Could not deliver test message", "ensure the role can perform"];
    assert!(known.iter().any(|text| error.contains(text)), "{action}: {error}");
}
