//! The chain set up with the article's `aws` commands, compared with `cwl2le setup` and one `cwl2le subscribe`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cwl2le_local::python::PythonEnv;
use cwl2le_local::{Cache, awscli};
use serde_json::json;

use crate::figures::median;
use crate::support::account::{Account, GROUP, Ground, ended, setup};
use crate::support::{REGION, cwl2le};

const ROUNDS: usize = 5;

/// Sets the chain up in both ways in turn and adds a table to the report. Each way has an AWS account of its own each
/// time, behind a proxy that counts the calls.
pub(crate) async fn compare(ground: &Ground, report: &mut String) {
    let cache = Cache::open().expect("a cache folder");
    let aws = awscli::environment(&cache, &|line| println!("{line}")).await.expect("the aws command");
    let folder = tempfile::tempdir().expect("a folder");
    // Both ways upload the same zip.
    let zip = folder.path().join("forwarder.zip");
    let arch = cwl2le::bundle::preferred();
    let packed = cwl2le().args(["package", "--arch", arch.as_str(), "--to"]).arg(&zip).output();
    let packed = packed.expect("cwl2le runs");
    assert!(packed.status.success(), "{packed:?}");

    let (mut by_hand, mut by_cwl2le) = (Vec::new(), Vec::new());
    let (mut commands, mut calls) = (0, (0, 0));
    for round in 0..=ROUNDS {
        let account = ground.account().await;
        let sequence = sequence(&account.id, folder.path());
        let begun = Instant::now();
        for command in &sequence {
            run(&aws, &account, command).await;
        }
        let took = begun.elapsed();
        calls.0 = account.proxy.calls().len();
        let whole = account.whole(true).len();
        assert!(account.seen().await.len() + 1 >= whole, "the article's chain is there");

        let account = ground.account().await;
        let begun = Instant::now();
        let mut made = 0;
        for args in [setup(&[]), vec!["subscribe", "--log-group", GROUP]] {
            let report = ended(account.command(&args).spawn().expect("cwl2le runs")).await.ok().json();
            made += report["calls"].as_u64().unwrap_or_default();
        }
        let took_cwl2le = begun.elapsed();
        assert_eq!(account.seen().await, account.whole(true));
        assert_eq!(made, account.proxy.calls().len() as u64, "every call is counted");
        (commands, calls.1) = (sequence.len(), account.proxy.calls().len());
        // The first round only fills the caches.
        if round > 0 {
            by_hand.push(took);
            by_cwl2le.push(took_cwl2le);
        }
    }
    let ratio = ratio(&by_hand, &by_cwl2le);
    let (by_hand, by_cwl2le) = (median(by_hand), median(by_cwl2le));
    let _ = write!(
        report,
        "| | processes | AWS calls | seconds |\n\
         | --- | ---: | ---: | ---: |\n\
         | the article's commands | {commands} | {} | {by_hand:.2} |\n\
         | `cwl2le` | 2 | {} | {by_cwl2le:.2} |\n\n\
         `cwl2le` is {ratio:.1} times as fast (median of {ROUNDS} rounds). Its additional calls are reads: what exists, \
         which stack manages it, and whether it is ready.\n\n",
        calls.0, calls.1
    );
}

/// The median of the ratios of each round: the speed of a machine changes from round to round.
fn ratio(a: &[Duration], b: &[Duration]) -> f64 {
    let mut ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

async fn run(aws: &PythonEnv, account: &Account, arguments: &[String]) {
    let mut command = aws.command();
    command.args(["-m", "awscli"]);
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(arguments)
        .env("AWS_ENDPOINT_URL", account.proxy.endpoint())
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", &account.keys.0)
        .env("AWS_SECRET_ACCESS_KEY", &account.keys.1)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("aws runs");
    assert!(output.status.success(), "aws {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The commands of the article, with two `wait` commands, which a script needs, and `aws` commands for the steps that
/// the article does in the console.
fn sequence(account: &str, folder: &Path) -> Vec<Vec<String>> {
    let document = |name: &str, statement: serde_json::Value| {
        let path = folder.join(format!("{account}-{name}.json"));
        let document = json!({ "Version": "2012-10-17", "Statement": statement });
        std::fs::write(&path, document.to_string()).expect("written");
        format!("file://{}", path.display())
    };
    let trust = |service: &str| {
        let principal = json!({ "Service": format!("{service}.amazonaws.com") });
        document(service, json!([{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }]))
    };
    let stream = format!("arn:aws:kinesis:{REGION}:{account}:stream/cloudwatch-logs-stream");
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let write = document(
        "write",
        json!([
            { "Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream },
            { "Effect": "Allow", "Action": "iam:PassRole", "Resource": role("cwl-to-kinesis") }
        ]),
    );
    let read =
        document("read", json!([{ "Effect": "Allow", "Action": ["kinesis:*", "logs:*"], "Resource": "*" }]));
    let zip = format!("fileb://{}", folder.join("forwarder.zip").display());
    let (logs, lambda) = (trust("logs"), trust("lambda"));
    let (logs_role, lambda_role) = (role("cwl-to-kinesis"), role("lambda_basic_execution"));
    [
        "kinesis create-stream --stream-name cloudwatch-logs-stream --shard-count 1".to_owned(),
        "kinesis wait stream-exists --stream-name cloudwatch-logs-stream".to_owned(),
        format!("iam create-role --role-name cwl-to-kinesis --assume-role-policy-document {logs}"),
        format!(
            "iam put-role-policy --role-name cwl-to-kinesis --policy-name cwl-kinesis-write --policy-document {write}"
        ),
        format!("iam create-role --role-name lambda_basic_execution --assume-role-policy-document {lambda}"),
        format!("iam put-role-policy --role-name lambda_basic_execution --policy-name run --policy-document {read}"),
        format!(
            "lambda create-function --function-name cwl-to-logentries --runtime provided.al2023 --handler bootstrap \
             --role {lambda_role} --zip-file {zip}"
        ),
        "lambda wait function-active-v2 --function-name cwl-to-logentries".to_owned(),
        format!(
            "lambda create-event-source-mapping --function-name cwl-to-logentries --event-source-arn {stream} \
             --starting-position TRIM_HORIZON --batch-size 100"
        ),
        format!(
            "logs put-subscription-filter --log-group-name {GROUP} --filter-name cloudwatchLogsFilter \
             --filter-pattern ERROR --role-arn {logs_role} --destination-arn {stream}"
        ),
    ]
    .iter()
    .map(|line| line.split_whitespace().map(ToOwned::to_owned).collect())
    .collect()
}
