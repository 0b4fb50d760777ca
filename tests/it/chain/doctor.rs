//! Doctor names what is broken, and its printed fix fixes it: a table, a row a check. Each row begins with the same
//! account, with a stack that delivers.

use std::time::{Duration, SystemTime};

use cwl2le_forwarder::aws::Service;
use cwl2le_local::{Call, Fault, Injection, Metric, Options, When};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::account::{Ground, other_zip, setup};
use crate::support::secrets::write;
use crate::support::{REGION, Ran, TOKEN, World};

const FUNCTION: &str = "cwl-to-logentries";
const STREAM: &str = "cloudwatch-logs-stream";
const LOGS_ROLE: &str = "cwl-to-kinesis";
const OWN_LOG: &str = "/aws/lambda/cwl-to-logentries";
const GROUP: &str = "/app/a";
/// The dimensions of what CloudWatch Logs measures of its filter.
const FILTER: [(&str, &str); 3] =
    [("LogGroupName", GROUP), ("DestinationType", "KinesisStream"), ("FilterName", "cloudwatchLogsFilter")];
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// An account with a stack of a configuration file, kept to begin each row with.
struct Stack {
    world: World,
    folder: tempfile::TempDir,
}

impl Stack {
    async fn start() -> Self {
        let world = World::start().await;
        world.create_log_group(GROUP).await;
        let stack = Self { world, folder: tempfile::tempdir().expect("a folder") };
        let (address, ca) = (stack.world.log_service.address(), stack.world.ca_file.path().display());
        let text = format!(
            "[trigger]\nbatch_window = 0\n\
             [destinations.app]\ntype = \"logentries\"\nendpoint = \"{address}\"\nca_file = \"{ca}\"\n\
             token = {{ env = \"LE_TOKEN\" }}\n[[subscriptions]]\nlog_groups = [\"{GROUP}\"]\n"
        );
        std::fs::write(stack.file(), text).expect("written");
        stack.run(&["setup", "--yes"]).await.ok();
        let keep = stack.world.aws().keep(&stack.world.home.account, 0);
        keep.await.expect("kept");
        stack
    }

    fn file(&self) -> String {
        self.folder.path().join("cwl2le.toml").display().to_string()
    }

    fn command(&self) -> Command {
        let mut command = Command::from(self.world.command());
        command.env("LE_TOKEN", TOKEN).kill_on_drop(true);
        command
    }

    async fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.command();
        command.args(["--output", "json", "--config", &self.file()]).args(args);
        command.output().await.expect("cwl2le runs").into()
    }

    /// Runs a command as it is printed: ours, or AWS's own.
    async fn fix(&self, words: &[String]) {
        let mut command = match words[0].as_str() {
            "cwl2le" => self.command(),
            "aws" => self.world.aws_cli().await,
            other => panic!("{other}: {words:?}"),
        };
        // What stands there in capitals is for the reader to fill in.
        let topic = format!("arn:aws:sns:{REGION}:{}:oncall", self.world.home.account);
        let bucket = self.bucket("expired");
        let filled =
            words[1..].iter().map(|word| word.replace("TOPIC_ARN", &topic).replace("BUCKET", &bucket));
        let ran: Ran = command.args(filled).output().await.expect("it runs").into();
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
    }

    fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.world.config(REGION))
    }

    fn kinesis(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::new(&self.world.config(REGION))
    }

    fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.world.config(REGION))
    }

    async fn trigger(&self) -> String {
        let mappings = self.lambda().list_event_source_mappings().send().await.expect("mappings");
        let mapping = mappings.event_source_mappings.unwrap_or_default().into_iter().next();
        mapping.and_then(|mapping| mapping.uuid).expect("a mapping")
    }

    async fn metric(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)], ago: u64, value: f64) {
        let time = SystemTime::now() - Duration::from_secs(ago);
        let metrics = [Metric { namespace, name, dimensions, time, value }];
        let put = self.world.aws().put_metrics(&self.world.home.account, REGION, &metrics);
        put.await.expect("recorded");
    }

    /// Writes a line into the forwarder's own log.
    async fn log_line(&self, line: &str) {
        let logs = self.world.logs();
        let stream = logs.create_log_stream().log_group_name(OWN_LOG).log_stream_name("stream");
        stream.send().await.expect("a log stream");
        self.world.put_log_events(OWN_LOG, &[line.to_owned()]).await;
    }

    /// A bucket of this account: names of buckets are those of all accounts.
    fn bucket(&self, what: &str) -> String {
        format!("doctor-{what}-{}", self.world.home.account)
    }

    async fn account_policy(&self, kind: aws_sdk_cloudwatchlogs::types::PolicyType, document: Value) {
        let put = self.world.logs().put_account_policy().policy_name("of-all-logs").policy_type(kind);
        put.policy_document(document.to_string()).send().await.expect("a policy");
    }

    /// Waits until the forwarder's own log has a line with this text.
    async fn wait_for_line(&self, text: &str) {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let events = self.world.logs().filter_log_events().log_group_name(OWN_LOG).send().await;
            let events = events.map(|page| page.events.unwrap_or_default()).unwrap_or_default();
            let has = |message: Option<&str>| message.is_some_and(|message| message.contains(text));
            if events.iter().any(|event| has(event.message())) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < until,
                "no line with {text}: {}",
                self.world.aws().logs_tail(40)
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// The report of doctor, and the findings of a check.
    async fn doctor(&self, check: &str) -> (Ran, Vec<Value>) {
        let ran = self.run(&["doctor", "--strict"]).await;
        let report = ran.json();
        let all = report["checks"].as_array().unwrap_or_else(|| panic!("{ran:?}")).clone();
        let found = all.into_iter().filter(|finding| finding["check"] == check).collect();
        (ran, found)
    }
}

/// How a row breaks the chain.
#[derive(Debug, Clone, Copy)]
enum Break {
    DeleteStream,
    DenyTrust,
    DeleteWritePolicy,
    Refuse,
    Throttle,
    SubscribeOwnLog,
    DisableKey,
    DeleteTrigger,
    SecondTrigger,
    DisableTrigger,
    LimitRetries,
    DeleteReadPolicy,
    NoConcurrency,
    OldRecords,
    DeleteFunction,
    OtherCode,
    MoveAlias,
    TakeLong,
    UseMemory,
    OldVersion,
    Distrust,
    Lose,
    NoQuarantine,
    NoOnFailure,
    SubscribeMore,
    Unsubscribe,
    ExtractNoMetrics,
    OverrideRetention,
    KeepForever,
    MuteAlarm,
    NoAlarm,
}

/// The check that names each way to break the chain, and its state.
const TABLE: [(Break, &str, &str); 31] = [
    (Break::DeleteStream, "stream-active", "fault"),
    (Break::DenyTrust, "role-assumable", "fault"),
    (Break::DeleteWritePolicy, "role-can-write", "fault"),
    (Break::Refuse, "nothing-refused", "fault"),
    (Break::Throttle, "nothing-throttled", "fault"),
    (Break::SubscribeOwnLog, "no-loop", "fault"),
    (Break::DisableKey, "kms-usable", "fault"),
    (Break::DeleteTrigger, "trigger-there", "fault"),
    (Break::SecondTrigger, "one-trigger", "fault"),
    (Break::DisableTrigger, "trigger-enabled", "fault"),
    (Break::LimitRetries, "trigger-as-set", "fault"),
    (Break::DeleteReadPolicy, "role-can-read", "fault"),
    (Break::NoConcurrency, "not-throttled", "fault"),
    (Break::OldRecords, "retention-ahead-of-lag", "fault"),
    (Break::DeleteFunction, "function-active", "fault"),
    (Break::OtherCode, "version", "warn"),
    (Break::MoveAlias, "live-version", "warn"),
    (Break::TakeLong, "enough-time", "warn"),
    (Break::UseMemory, "enough-memory", "warn"),
    (Break::OldVersion, "version", "warn"),
    (Break::Distrust, "delivers", "fault"),
    (Break::Lose, "what-came-in-went-out", "fault"),
    (Break::NoQuarantine, "quarantine-works", "fault"),
    (Break::NoOnFailure, "on-failure-set", "warn"),
    (Break::SubscribeMore, "filters-as-file", "fault"),
    (Break::Unsubscribe, "new-log-groups", "warn"),
    (Break::ExtractNoMetrics, "metric-extraction-policy", "warn"),
    (Break::OverrideRetention, "retention-policy-overrides", "warn"),
    (Break::KeepForever, "own-log-expires", "warn"),
    (Break::MuteAlarm, "alarms-notify", "warn"),
    (Break::NoAlarm, "alarms-there", "warn"),
];

impl Break {
    async fn apply(self, stack: &Stack) {
        let (lambda, kinesis, iam) = (stack.lambda(), stack.kinesis(), stack.iam());
        match self {
            Self::DeleteStream => {
                kinesis.delete_stream().stream_name(STREAM).send().await.expect("deleted");
            }
            Self::DenyTrust => {
                let deny = json!({"Version": "2012-10-17", "Statement": [{
                    "Effect": "Deny", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"
                }]});
                let set =
                    iam.update_assume_role_policy().role_name(LOGS_ROLE).policy_document(deny.to_string());
                set.send().await.expect("set");
            }
            Self::DeleteWritePolicy => {
                let delete = iam.delete_role_policy().role_name(LOGS_ROLE).policy_name("cwl-kinesis-write");
                delete.send().await.expect("deleted");
            }
            Self::DeleteReadPolicy => {
                let delete =
                    iam.delete_role_policy().role_name(FUNCTION).policy_name("cwl-logentries-forward");
                delete.send().await.expect("deleted");
            }
            Self::Refuse => {
                stack.metric("AWS/Logs", "ForwardedLogEvents", &FILTER, 1800, 5.0).await;
                stack.metric("AWS/Logs", "DeliveryErrors", &FILTER, 600, 7.0).await;
            }
            Self::Throttle => {
                let of = [("StreamName", STREAM)];
                stack.metric("AWS/Kinesis", "IncomingRecords", &of, 300, 60_000.0).await;
                stack.metric("AWS/Kinesis", "WriteProvisionedThroughputExceeded", &of, 300, 30_000.0).await;
            }
            Self::SubscribeOwnLog => {
                let account = &stack.world.home.account;
                let filter = stack.world.logs().put_subscription_filter().log_group_name(OWN_LOG);
                let filter = filter.filter_name("loop").filter_pattern("");
                let filter = filter
                    .destination_arn(format!("arn:aws:kinesis:{REGION}:{account}:stream/{STREAM}"))
                    .role_arn(format!("arn:aws:iam::{account}:role/{LOGS_ROLE}"));
                filter.send().await.expect("a filter");
            }
            Self::DisableKey => {
                let made = write(&stack.world, Service::Kms, "CreateKey", json!({})).await;
                let key = made["KeyMetadata"]["Arn"].as_str().expect("an ARN");
                stack.run(&["setup", "--kms-key", key, "--yes"]).await.ok();
                write(&stack.world, Service::Kms, "DisableKey", json!({"KeyId": key})).await;
            }
            Self::DeleteTrigger => {
                let delete = lambda.delete_event_source_mapping().uuid(stack.trigger().await);
                delete.send().await.expect("deleted");
            }
            Self::SecondTrigger => {
                let version =
                    lambda.publish_version().function_name(FUNCTION).send().await.expect("a version");
                let alias = lambda.create_alias().function_name(FUNCTION).name("other");
                let version = version.version.expect("its number");
                alias.function_version(version).send().await.expect("an alias");
                let account = &stack.world.home.account;
                let mapping = lambda.create_event_source_mapping().function_name(format!("{FUNCTION}:other"));
                let mapping =
                    mapping.event_source_arn(format!("arn:aws:kinesis:{REGION}:{account}:stream/{STREAM}"));
                let start = aws_sdk_lambda::types::EventSourcePosition::TrimHorizon;
                mapping.starting_position(start).send().await.expect("a mapping");
            }
            Self::DisableTrigger => {
                let update = lambda.update_event_source_mapping().uuid(stack.trigger().await).enabled(false);
                update.send().await.expect("updated");
            }
            Self::LimitRetries => {
                let update = lambda.update_event_source_mapping().uuid(stack.trigger().await);
                update.maximum_retry_attempts(1).send().await.expect("updated");
            }
            Self::NoConcurrency => {
                let put = lambda.put_function_concurrency().function_name(FUNCTION);
                put.reserved_concurrent_executions(0).send().await.expect("set");
            }
            Self::OldRecords => {
                let of = [("FunctionName", FUNCTION)];
                stack.metric("AWS/Lambda", "IteratorAge", &of, 0, 13.0 * 3_600_000.0).await;
            }
            Self::DeleteFunction => {
                lambda.delete_function().function_name(FUNCTION).send().await.expect("deleted");
            }
            Self::OtherCode => {
                let zip = std::fs::read(other_zip().path()).expect("a zip");
                let update = lambda.update_function_code().function_name(FUNCTION).zip_file(zip.into());
                update.send().await.expect("updated");
            }
            Self::MoveAlias => {
                let update = lambda.update_alias().function_name(FUNCTION).name("live");
                update.function_version("$LATEST").send().await.expect("moved");
            }
            Self::TakeLong => {
                let line = "REPORT RequestId: 1\tDuration: 59000.00 ms\tBilled Duration: 59000 ms\tMemory Size: 256 MB\tMax Memory Used: 20 MB";
                stack.log_line(line).await;
            }
            Self::UseMemory => {
                let line = "REPORT RequestId: 1\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 256 MB\tMax Memory Used: 250 MB";
                stack.log_line(line).await;
            }
            Self::OldVersion => {
                let account = &stack.world.home.account;
                let arn = format!("arn:aws:lambda:{REGION}:{account}:function:{FUNCTION}");
                let tag = lambda.tag_resource().resource(arn).tags("cwl2le:version", "0.0.1");
                tag.send().await.expect("tagged");
            }
            Self::Distrust => {
                let text = std::fs::read_to_string(stack.file()).expect("read");
                let ca = text.lines().find(|line| line.starts_with("ca_file")).expect("a CA");
                std::fs::write(stack.file(), text.replace(ca, "")).expect("written");
                stack.run(&["setup", "--yes"]).await.ok();
                std::fs::write(stack.file(), text).expect("written");
                stack.world.put_log_events(GROUP, &["before".to_owned()]).await;
                stack.wait_for_line("certificate").await;
            }
            Self::Lose => stack.metric("AWS/Logs", "ForwardedLogEvents", &FILTER, 1800, 5.0).await,
            Self::NoQuarantine => {
                let place = format!("s3://{}/poison", stack.bucket("quarantine"));
                stack.run(&["setup", "--quarantine", &place, "--yes"]).await.ok();
            }
            Self::NoOnFailure => crate::support::s3::create(&stack.world, &stack.bucket("expired")).await,
            Self::SubscribeMore => {
                let logs = stack.world.logs();
                let filters = logs.describe_subscription_filters().log_group_name(GROUP).send().await;
                let filter = filters.expect("filters").subscription_filters.unwrap_or_default().remove(0);
                stack.world.create_log_group("/app/b").await;
                let put = logs.put_subscription_filter().log_group_name("/app/b").filter_pattern("");
                let put = put.filter_name(filter.filter_name.unwrap_or_default());
                let put = put.destination_arn(filter.destination_arn.unwrap_or_default());
                put.set_role_arn(filter.role_arn).send().await.expect("a filter");
            }
            Self::Unsubscribe => {
                let delete = stack.world.logs().delete_subscription_filter().log_group_name(GROUP);
                delete.filter_name("cloudwatchLogsFilter").send().await.expect("deleted");
            }
            Self::ExtractNoMetrics => {
                let kind = aws_sdk_cloudwatchlogs::types::PolicyType::MetricExtractionPolicy;
                stack.account_policy(kind, json!({"Status": "DISABLED"})).await;
            }
            Self::OverrideRetention => {
                let kind = aws_sdk_cloudwatchlogs::types::PolicyType::RetentionPolicy;
                stack.account_policy(kind, json!({"RetentionInDays": 7})).await;
            }
            Self::KeepForever => {
                let delete = stack.world.logs().delete_retention_policy().log_group_name(OWN_LOG);
                delete.send().await.expect("deleted");
            }
            Self::MuteAlarm => {
                let words = format!(
                    "aws cloudwatch put-metric-alarm --alarm-name mute --namespace AWS/Lambda --metric-name Errors \
                     --dimensions Name=FunctionName,Value={FUNCTION} --statistic Sum --period 60 --evaluation-periods 1 \
                     --threshold 1 --comparison-operator GreaterThanThreshold --no-actions-enabled --alarm-actions TOPIC_ARN"
                );
                stack.fix(&words.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()).await;
            }
            Self::NoAlarm => {}
        }
    }

    /// What has to happen besides the printed fix before all is well: what was broken shows only in what comes next.
    async fn go_on(self, stack: &Stack) {
        if matches!(self, Self::Lose) {
            // What was lost is sent again.
            stack.metric("cwl2le", "EventsReceived", &[("FunctionName", FUNCTION)], 1740, 5.0).await;
        }
        if matches!(self, Self::Refuse | Self::Distrust) {
            stack.world.put_log_events(GROUP, &["after".to_owned()]).await;
        }
    }

    /// Whether the trouble of before still shows, as a warning and no longer as a fault.
    fn leaves_warning(self) -> bool {
        matches!(self, Self::Refuse | Self::Throttle)
    }
}

/// Breaks the chain in one way, reads its name, runs the printed fix and finds it mended.
async fn row(stack: &Stack, (broken, check, state): (Break, &str, &str)) {
    let restore = stack.world.aws().restore(&stack.world.home.account, 0);
    restore.await.expect("restored");
    broken.apply(stack).await;
    let (ran, found) = stack.doctor(check).await;
    let bad = found.iter().find(|finding| finding["state"] == state);
    let bad = bad.unwrap_or_else(|| panic!("{broken:?} is not named by {check}: {}", ran.stdout));
    assert_eq!(ran.code, 8, "{broken:?}: {}", ran.stdout);
    assert_eq!(bad["link"], json!(format!("docs/doctor.md#{check}")));
    let fix: Vec<Vec<String>> = serde_json::from_value(bad["fix"].clone()).unwrap_or_default();
    assert!(!fix.is_empty(), "{broken:?} has no fix: {bad:#}");
    for words in &fix {
        stack.fix(words).await;
    }
    broken.go_on(stack).await;
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let (ran, found) = stack.doctor(check).await;
        let is_fine = |finding: &Value| {
            finding["state"] == "ok" || broken.leaves_warning() && finding["state"] == "warn"
        };
        if !found.is_empty() && found.iter().all(is_fine) {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "{broken:?} is not fixed by {fix:?}: {}", ran.stdout);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

async fn rows(part: usize) {
    let stack = Stack::start().await;
    let ran = stack.run(&["doctor"]).await;
    assert_eq!(ran.code, 0, "a stack that was just set up: {}", ran.stdout);
    assert!(ran.json()["calls"].as_u64().is_some_and(|calls| calls <= 45), "{}", ran.stdout);
    for (at, one) in TABLE.into_iter().enumerate() {
        if at % PARTS == part {
            row(&stack, one).await;
        }
    }
}

/// Number of tests that share the table: they run side by side.
const PARTS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_and_its_printed_fix_fixes_it_1() {
    rows(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_and_its_printed_fix_fixes_it_2() {
    rows(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_is_named_and_its_printed_fix_fixes_it_3() {
    rows(2).await;
}

/// What cannot be read leaves the rest as it is: the metrics, denied or without an answer, in a stack that is fine.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_denied_or_hangs_hides_nothing_else() {
    let ground = Ground::start(Options::default()).await;
    let account = ground.account().await;
    let zip = other_zip();
    let zip = zip.path().display().to_string();
    account.run(&setup(&["--arch", "arm64", "--forwarder-zip", &zip])).await.0.ok();
    let denied =
        "User: arn:aws:iam::123456789012:user/kim is not authorized to perform: cloudwatch:GetMetricData";
    for fault in [Fault::error(403, "AccessDeniedException", denied), Fault::Hang] {
        let of = Call { service: "monitoring".to_owned(), operation: "GetMetricData".to_owned() };
        let of = Some(of);
        let injection = Injection { of, at: 1, times: usize::MAX, when: When::Before, fault: fault.clone() };
        let (ran, _) = account.run_with(Some(injection), &["doctor", "--patience", "2"]).await;
        let report = ran.json();
        let find = |check: &str| {
            let mut all = report["checks"].as_array().expect("checks").iter();
            all.find(|finding| finding["check"] == check).cloned().unwrap_or_default()
        };
        assert_eq!(ran.code, 0, "{fault:?}: {ran:?}");
        let readable = find("metrics-readable");
        assert_eq!(readable["state"], "warn", "{fault:?}: {ran:?}");
        assert_eq!(
            (&find("nothing-refused")["state"], &find("stream-active")["state"]),
            (&json!("unknown"), &json!("ok"))
        );
        if fault != Fault::Hang {
            assert_eq!(find("nothing-refused")["denied"], "cloudwatch:GetMetricData");
            let fix: Vec<Vec<String>> = serde_json::from_value(readable["fix"].clone()).expect("a fix");
            let args: Vec<&str> = fix[0][1..].iter().map(String::as_str).collect();
            let printed = account.run(&args).await.0.ok().stdout;
            assert!(printed.contains("cloudwatch:GetMetricData"), "{printed}");
        }
    }
}

/// Without credentials or a region nothing of the chain can be judged, and that is what doctor says.
#[tokio::test]
async fn without_access_nothing_is_judged() {
    let of = |json: &Value, check: &str| {
        let mut all = json["checks"].as_array().expect("checks").iter();
        all.find(|finding| finding["check"] == check).map(|finding| finding["state"].clone())
    };
    let mut command = crate::support::cwl2le();
    command.args(["--output", "json", "doctor"]);
    let ran: Ran = command.output().expect("cwl2le runs").into();
    let json = ran.json();
    assert_eq!((ran.code, of(&json, "region")), (4, Some(json!("fault"))), "{ran:?}");
    assert_eq!(of(&json, "stream-active"), Some(json!("skipped")));
    assert_eq!(json["healthy"], Value::Null);

    command.args(["--region", REGION]);
    let ran: Ran = command.output().expect("cwl2le runs").into();
    let json = ran.json();
    assert_eq!((ran.code, of(&json, "credentials")), (4, Some(json!("fault"))), "{ran:?}");
    assert_eq!(of(&json, "region"), Some(json!("ok")));
}

#[test]
fn checks_are_listed_and_a_slip_is_told() {
    let run =
        |args: &[&str]| -> Ran { crate::support::cwl2le().args(args).output().expect("cwl2le runs").into() };
    let listed = run(&["doctor", "--list"]).ok().stdout;
    assert!(
        listed.contains("  trigger-enabled ") && listed.contains("docs/doctor.md#trigger-enabled"),
        "{listed}"
    );
    assert!(listed.lines().all(|line| line.chars().count() <= 100), "{listed}");
    let slip = run(&["doctor", "--only", "triger-enabled"]);
    assert_eq!(slip.code, 2);
    assert!(slip.stderr.contains("trigger-enabled"), "{slip:?}");
}
