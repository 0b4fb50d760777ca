//! Who does what with which document.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use cwl2le_local::Call;
use serde_json::{Value, json};

use crate::support::account::{self, Account, GROUP, setup};
use crate::support::{self, Ran, TOKEN};

const SECOND: &str = "/app/second";
const USER: &str = "person";
/// The name of the managed policy that is the boundary.
pub(crate) const BOUNDARY: &str = "cwl2le-boundary";
/// The topic that alarms notify.
const TOPIC: &str = "arn:aws:sns:ap-northeast-1:123456789012:oncall";
const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

/// A document, the stack that it is of, and what its holder does with it.
pub(crate) struct Case {
    pub(crate) document: &'static str,
    /// The flags of the stack, for `policies` and for every `setup`.
    pub(crate) stack: Vec<String>,
    /// More flags of `policies`.
    pub(crate) more: &'static [&'static str],
    /// What an administrator did before.
    pub(crate) before: Vec<Deed>,
    pub(crate) deeds: Vec<Deed>,
}

/// What the holder does, and what others do meanwhile to make work.
pub(crate) enum Deed {
    Run(Vec<String>),
    /// Ends with exit code 9, because nobody connects to the log service.
    Undelivered(Vec<String>),
    /// `setup` with the flags of the stack and with more.
    Setup(Vec<String>),
    EditTrust,
    RemoveBoundary,
    Throttle,
    AttachPolicy,
    ReadStream,
}

pub(crate) fn run(args: &[&str]) -> Deed {
    Deed::Run(owned(args))
}

pub(crate) fn set_up(more: &[&str]) -> Deed {
    Deed::Setup(owned(more))
}

pub(crate) fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).collect()
}

/// A configuration file with these destinations.
pub(crate) fn file(folder: &Path, name: &str, destinations: &[&str]) -> String {
    let section = |keys: &&str| {
        format!(
            "[destinations.{keys}\ntype = \"logentries\"\nendpoint = \"127.0.0.1:1\"\ntls = false\ntoken = \"{TOKEN}\"\n"
        )
    };
    let path = folder.join(name);
    std::fs::write(&path, destinations.iter().map(section).collect::<String>()).expect("written");
    path.display().to_string()
}

/// Every verb, and every change that a stack can be asked for.
pub(crate) fn operator(folder: &Path) -> Case {
    let other = other_forwarder(folder);
    let isolated = file(folder, "isolated.toml", &["default]", "audit]\nisolated = true"]);
    let without = file(folder, "without.toml", &["default]"]);
    let deeds = vec![
        set_up(&["--log-group", GROUP]),
        run(&["subscribe", "--yes", "--log-group", SECOND, "--filter-pattern", "ERROR"]),
        run(&["status", "--deep"]),
        run(&["list"]),
        run(&["preview", "--log-group", GROUP]),
        set_up(&["--retention-hours", "48", "--memory", "512", "--batch-size", "200"]),
        set_up(&["--retention-hours", "24", "--log-retention-days", "7", "--tag", "team=platform"]),
        set_up(&["--reserved-concurrency", "1"]),
        set_up(&["--forwarder-zip", other.to_str().expect("a path")]),
        run(&["upgrade", "--yes", "--no-canary", "--watch", "1s", "--allow-downgrade"]),
        run(&["versions"]),
        run(&["rollback", "--yes"]),
        set_up(&["--shards", "2"]),
        Deed::EditTrust,
        Deed::Throttle,
        set_up(&[]),
        run(&["unsubscribe", "--yes", "--log-group", SECOND]),
        set_up(&["--config", &isolated]),
        run(&["subscribe", "--yes", "--all"]),
        Deed::ReadStream,
        run(&["status", "--deep"]),
        run(&["unsubscribe", "--yes", "--all"]),
        set_up(&["--config", &without]),
        Deed::AttachPolicy,
        run(&["teardown", "--yes", "--force"]),
    ];
    Case { document: "operator", stack: watched(), more: &["--all"], before: Vec::new(), deeds }
}

/// The flags of a stack with alarms.
pub(crate) fn watched() -> Vec<String> {
    owned(&["--alarms", TOPIC])
}

/// A stack with everything that the documents depend on. The boundary is a policy that [`employ`] makes.
pub(crate) fn bounded(folder: &Path, account: &str) -> Case {
    let isolated = file(folder, "bounded.toml", &["default]", "audit]\nisolated = true"]);
    let boundary = format!("arn:aws:iam::{account}:policy/{BOUNDARY}");
    let stack = owned(&[
        "--config",
        &isolated,
        "--role-path",
        "/service/",
        "--kms-key",
        KEY,
        "--permissions-boundary",
        &boundary,
        "--on-failure",
        "arn:aws:s3:::expired",
        "--quarantine",
        "s3://quarantine/records",
        "--email",
        "oncall@example.com",
        "--dashboard",
        "true",
    ]);
    let deeds = vec![
        set_up(&["--log-group", GROUP]),
        run(&["subscribe", "--yes", "--log-group", SECOND]),
        run(&["subscribe", "--yes", "--all"]),
        run(&["status", "--deep"]),
        run(&["unsubscribe", "--yes", "--all"]),
        Deed::EditTrust,
        Deed::RemoveBoundary,
        set_up(&["--accept-accounts", "222222222222"]),
        run(&["status"]),
        set_up(&["--accept-organization", "o-a1b2c3d4e5"]),
        set_up(&["--accept-accounts", "none"]),
        set_up(&["--accept-accounts", "222222222222"]),
        set_up(&["--kms-key", "none"]),
        Deed::AttachPolicy,
        run(&["teardown", "--yes"]),
    ];
    let more = &["--all", "--accept-accounts", "222222222222"];
    Case { document: "operator", stack, more, before: Vec::new(), deeds }
}

/// What goes on with a stack that an administrator has set up.
pub(crate) fn everyday(stack: Vec<String>) -> Case {
    let plan = [&owned(&["plan"])[..], &service(), &stack].concat();
    let deeds = vec![
        run(&["subscribe", "--yes", "--log-group", GROUP, "--log-group", SECOND]),
        Deed::Run(plan),
        run(&["status", "--deep"]),
        run(&["list"]),
        run(&["preview", "--log-group", GROUP]),
        run(&["unsubscribe", "--yes", "--log-group", SECOND]),
        run(&["subscribe", "--yes", "--match", "/app/*", "--tag", "team=a", "--filter-pattern", "ERROR"]),
        run(&["subscribe", "--yes", "--all"]),
        run(&["unsubscribe", "--yes", "--all"]),
        Deed::ReadStream,
        run(&["status", "--deep"]),
    ];
    Case { document: "everyday", stack, more: &["--all"], before: vec![set_up(&[])], deeds }
}

/// Whether AWS did it. Anything but success and a missing permission is a mistake of the test.
pub(crate) fn allowed<T, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    way: &str,
    sent: Result<T, SdkError<E, R>>,
) -> bool {
    match sent {
        Ok(_) => true,
        Err(error) => {
            let code = error.code().unwrap_or_default();
            assert!(code.contains("AccessDenied"), "{way}: {error:?}");
            false
        }
    }
}

/// Looking at a stack that an administrator has set up, and trying it.
pub(crate) fn on_call(stack: Vec<String>) -> Case {
    let plan = [&owned(&["plan"])[..], &service(), &stack].concat();
    let deeds = vec![
        run(&["list"]),
        run(&["cost"]),
        run(&["versions"]),
        run(&["status", "--deep"]),
        Deed::Run(plan),
        Deed::ReadStream,
        run(&["status", "--deep"]),
    ];
    Case { document: "on-call", stack, more: &[], before: vec![set_up(&["--log-group", GROUP])], deeds }
}

/// Sending a canary, from the log group and from the stream on.
pub(crate) fn canary() -> Case {
    let test =
        |more: &[&str]| Deed::Undelivered([&owned(&["test", "--timeout", "20s"])[..], &owned(more)].concat());
    let deeds = vec![test(&[]), test(&["--via", "stream"])];
    Case { document: "on-call", stack: Vec::new(), more: &[], before: vec![set_up(&[])], deeds }
}

/// The flags of a log service that nobody connects to.
pub(crate) fn service() -> Vec<String> {
    owned(&setup(&[])[1..])
}

/// Does what an administrator did before, and makes `cwl2le` a user with this policy.
pub(crate) async fn employ(account: &mut Account, case: &Case, policy: &Value) {
    let iam = account.iam();
    account
        .logs()
        .create_log_group()
        .log_group_name(SECOND)
        .tags("team", "a")
        .send()
        .await
        .expect("a log group");
    if case.stack.iter().any(|flag| flag == "--permissions-boundary") {
        let boundary = document(account, "boundary", &case.stack).await;
        let create = iam.create_policy().policy_name(BOUNDARY).policy_document(boundary.to_string());
        create.send().await.expect("a policy");
    }
    let (_, refused) = act(account, &case.before, &case.stack).await;
    assert!(refused.is_none(), "{refused:?}");
    iam.create_user().user_name(USER).send().await.expect("a user");
    allow(account, policy).await;
    let key = iam.create_access_key().user_name(USER).send().await.expect("a key").access_key.expect("a key");
    account.keys = (key.access_key_id, key.secret_access_key);
}

/// Gives the user this policy, and no other.
pub(crate) async fn allow(account: &Account, policy: &Value) {
    let put = account.iam().put_user_policy().user_name(USER).policy_name("policy");
    put.policy_document(policy.to_string()).send().await.expect("a policy");
}

/// The deeds in order until one is refused; every call made, and how the refused one ended.
pub(crate) async fn act(
    account: &Account,
    deeds: &[Deed],
    stack: &[String],
) -> (Vec<Call>, Option<(String, Ran)>) {
    let (iam, mut calls) = (account.iam(), Vec::new());
    for deed in deeds {
        match deed {
            Deed::Run(args) => match called(account, args, &mut calls).await {
                ran if ran.code == 0 && denied(&ran).is_empty() => (),
                ran => return (calls, Some((args.join(" "), ran))),
            },
            Deed::Undelivered(args) => match called(account, args, &mut calls).await {
                ran if ran.code == 9 && !ran.stdout.contains("denied") => (),
                ran => return (calls, Some((args.join(" "), ran))),
            },
            Deed::Setup(more) => {
                // A flag of the deed takes the place of the same flag of the stack.
                let kept = stack.chunks(2).filter(|flag| !more.contains(&flag[0])).flatten().cloned();
                let flags =
                    [&owned(&["setup", "--yes"])[..], &service(), &kept.collect::<Vec<_>>(), more].concat();
                match called(account, &flags, &mut calls).await {
                    ran if ran.code == 0 => (),
                    ran => return (calls, Some((flags.join(" "), ran))),
                }
            }
            Deed::EditTrust => {
                let anyone = json!({ "Version": "2012-10-17", "Statement": [
                    { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }
                ] });
                let edit = iam.update_assume_role_policy().role_name("cwl-to-kinesis");
                edit.policy_document(anyone.to_string()).send().await.expect("edited");
            }
            Deed::RemoveBoundary => {
                let remove = iam.delete_role_permissions_boundary().role_name("cwl-to-kinesis");
                remove.send().await.expect("removed");
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
            Deed::ReadStream => read_stream(account).await,
        }
    }
    (calls, None)
}

/// The actions that a report names because something could not be read without them.
pub(crate) fn denied(ran: &Ran) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        let gaps = ["unknown", "unseen"].iter().filter_map(|key| value[*key].as_array()).flatten();
        into.extend(gaps.filter_map(|gap| gap["action"].as_str()).map(ToOwned::to_owned));
        value["stacks"].as_array().into_iter().flatten().for_each(|stack| collect(stack, into));
    }
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let mut all = Vec::new();
    collect(&report, &mut all);
    all
}

/// Runs it, and notes the calls.
pub(crate) async fn called(account: &Account, args: &[String], calls: &mut Vec<Call>) -> Ran {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (ran, made) = account.run(&args).await;
    calls.extend(made);
    ran
}

/// A function of others that reads the stream: its log group must not be subscribed.
pub(crate) async fn read_stream(account: &Account) {
    let lambda = aws_sdk_lambda::Client::new(&account.config);
    let ours = lambda.get_function().function_name("cwl-to-logentries").send().await.expect("our function");
    let role = ours.configuration.and_then(|function| function.role).expect("a role");
    let zip = std::fs::read(account::other_zip().path()).expect("a zip");
    let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(zip.into()).build();
    let theirs = lambda.create_function().function_name("theirs").role(role).handler("x").code(code);
    theirs.runtime("provided.al2023".into()).send().await.expect("a function");
    let stream = format!("arn:aws:kinesis:{}:{}:stream/cloudwatch-logs-stream", support::REGION, account.id);
    let position = aws_sdk_lambda::types::EventSourcePosition::Latest;
    let create = lambda.create_event_source_mapping().function_name("theirs").event_source_arn(stream);
    create.starting_position(position).enabled(false).send().await.expect("a mapping");
}

/// A document for an account, as a person would get it.
pub(crate) async fn document(account: &Account, name: &str, flags: &[String]) -> Value {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let all = [&["policies", name, "--account", &account.id][..], &flags].concat();
    account.run(&all).await.0.ok().json()["policies"][name].clone()
}

/// The document of a case.
pub(crate) async fn policy(account: &Account, case: &Case) -> Value {
    document(account, case.document, &[&case.stack[..], &owned(case.more)].concat()).await
}

pub(crate) fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements.iter().flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    });
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// The policy without one action, wherever it stands.
pub(crate) fn without(policy: &Value, action: &str) -> Value {
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
pub(crate) fn other_forwarder(folder: &Path) -> std::path::PathBuf {
    let (bundled, other) = (folder.join("bundled.zip"), folder.join("other.zip"));
    let made = support::forwarder_zip::package(&bundled).output().expect("cwl2le runs");
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
