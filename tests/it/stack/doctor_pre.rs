//! `cwl2le doctor --pre`: each thing that keeps `setup` from working is found before it runs, and the fix helps.

use cwl2le_local::{Options, ReservedPort};
use serde_json::{Value, json};

use crate::support::account::Ground;
use crate::support::secrets::put_parameter;
use crate::support::{REGION, Ran, TOKEN, World};

/// The findings of a run that must end with this exit code.
fn found(ran: &Ran, code: i32) -> Vec<Value> {
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN), "a token is shown: {ran:?}");
    ran.json()["checks"].as_array().expect("a list").clone()
}

/// The states of a check's findings.
fn states(findings: &[Value], check: &str) -> Vec<String> {
    let of_check = findings.iter().filter(|finding| finding["check"] == check);
    of_check.map(|finding| finding["state"].as_str().expect("a state").to_owned()).collect()
}

/// The first finding of a check.
fn named<'f>(findings: &'f [Value], check: &str) -> &'f Value {
    findings.iter().find(|finding| finding["check"] == check).expect("a finding")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_setup_from_working_is_found_before_it_runs() {
    let world = World::start().await;
    let before = async |flags: &[&str], code: i32| {
        found(&world.run(&[&["doctor", "--pre"], flags].concat()).await, code)
    };
    let service = world.service();
    let flags: Vec<&str> = service.iter().map(String::as_str).collect();

    let all = before(&flags, 0).await;
    for finding in &all {
        assert_eq!(finding["state"], "ok", "{all:#?}");
    }
    for check in
        ["credentials", "rights", "settings", "secrets-exist", "names-free", "reachable", "shards-left"]
    {
        assert_eq!(states(&all, check), ["ok"], "{check}: {all:#?}");
    }
    assert_eq!(world.log_service.line_count(), 0, "nothing is sent");
    let kinesis = aws_sdk_kinesis::Client::new(&world.config(REGION));
    assert_eq!(
        kinesis.list_streams().send().await.expect("streams").stream_names,
        [""; 0],
        "nothing is made"
    );

    // Nobody listens.
    let nobody = ReservedPort::new().expect("a port");
    let nobody = nobody.url().trim_start_matches("http://").to_owned();
    let all = before(&["--token", TOKEN, "--logentries-endpoint", &nobody, "--logentries-plain"], 0).await;
    assert_eq!(states(&all, "reachable"), ["warn"], "{all:#?}");
    // The certificate is one that nobody vouches for.
    let all = before(&flags[..4], 0).await;
    assert_eq!(states(&all, "reachable"), ["warn"], "{all:#?}");
    assert_eq!(named(&all, "reachable")["data"]["failure"], "certificate", "{all:#?}");

    // The token has no form of one.
    let all = before(&["--token", "none", "--logentries-region", "eu"], 8).await;
    assert_eq!([states(&all, "settings"), states(&all, "names-free")], [["fault"], ["skipped"]], "{all:#?}");

    // The parameter with the token does not exist, until it does.
    let by_reference = [&["--token-ssm", "/cwl2le/pre"], &flags[2..]].concat();
    let all = before(&by_reference, 8).await;
    assert_eq!(states(&all, "secrets-exist"), ["fault"], "{all:#?}");
    put_parameter(&world, "/cwl2le/pre", TOKEN).await;
    let all = before(&by_reference, 0).await;
    assert_eq!(states(&all, "secrets-exist"), ["ok"], "{all:#?}");

    // More shards than the account may have.
    let all = before(&[&flags[..], &["--shards", "1000"]].concat(), 8).await;
    assert_eq!(states(&all, "shards-left"), ["fault"], "{all:#?}");

    // The name of the stream is taken.
    let stream = kinesis.create_stream().stream_name("cloudwatch-logs-stream").shard_count(1);
    stream.send().await.expect("a stream");
    let all = before(&flags, 8).await;
    assert_eq!(states(&all, "names-free"), ["fault"], "{all:#?}");
    let all = before(&[&flags[..], &["--adopt"]].concat(), 0).await;
    assert_eq!(states(&all, "names-free"), ["ok"], "{all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_found_and_the_printed_policy_has_them() {
    let ground = Ground::start(Options { auth: true, ..Options::default() }).await;
    let mut account = ground.account().await;
    let iam = account.iam();
    let user = "pre";
    iam.create_user().user_name(user).send().await.expect("a user");
    let key = iam.create_access_key().user_name(user).send().await.expect("a key").access_key.expect("a key");
    let look = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Resource": "*",
        "Action": ["iam:SimulatePrincipalPolicy", "iam:Get*", "iam:List*", "kinesis:Describe*", "kinesis:List*",
                   "lambda:Get*", "lambda:List*", "logs:Describe*", "logs:List*",
                   "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"]}]});
    let put = |name: &'static str, policy: String| {
        iam.put_user_policy().user_name(user).policy_name(name).policy_document(policy).send()
    };
    put("look", look.to_string()).await.expect("a policy");
    account.keys = (key.access_key_id, key.secret_access_key);

    let flags = [
        "doctor",
        "--pre",
        "--only",
        "rights",
        "--token",
        TOKEN,
        "--logentries-region",
        "eu",
        "--quarantine",
        "s3://poison",
    ];
    let all = found(&account.run(&flags).await.0, 8);
    assert_eq!(states(&all, "rights"), ["fault"], "{all:#?}");
    let denied = named(&all, "rights")["data"]["denied"].clone();
    let denied: Vec<String> = serde_json::from_value(denied).expect("names");
    assert!(denied.iter().any(|action| action == "kinesis:CreateStream"), "{denied:?}");
    assert!(!denied.iter().any(|action| action == "kinesis:DescribeStreamSummary"), "{denied:?}");

    // The administrator allows what the fix prints.
    let fix = named(&all, "rights")["fix"][0].clone();
    let fix: Vec<String> = serde_json::from_value(fix).expect("a command");
    assert_eq!((fix[0].as_str(), fix[1].as_str()), ("cwl2le", "policies"));
    let printed = account.run(&fix[1..].iter().map(String::as_str).collect::<Vec<_>>()).await.0.ok().json();
    // The local AWS does not evaluate the values of conditions that a simulation gives.
    let mut policy = printed["policies"]["operator"].clone();
    for statement in policy["Statement"].as_array_mut().expect("statements") {
        statement.as_object_mut().expect("a statement").remove("Condition");
    }
    put("operator", policy.to_string()).await.expect("a policy");
    let all = found(&account.run(&flags).await.0, 0);
    assert_eq!(states(&all, "rights"), ["ok"], "{all:#?}");

    // Whoever may not ask gets no answer, and no all-clear.
    let without = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Resource": "*", "Action": "iam:SimulatePrincipalPolicy"}]});
    put("look", without.to_string()).await.expect("a policy");
    let all = found(&account.run(&flags).await.0, 4);
    assert_eq!(states(&all, "rights"), ["unknown"], "{all:#?}");
    assert_eq!(named(&all, "rights")["denied"], "iam:SimulatePrincipalPolicy");
}
