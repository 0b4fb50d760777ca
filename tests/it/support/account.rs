//! An account of its own on a shared local AWS, with other people's resources in it, and `cwl2le` in front of it
//! through a proxy that fails chosen calls.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use cwl2le_local::{Call, CallProxy, Injection, LocalAws, Options};
use serde_json::json;
use tokio::process::{Child, Command};

use super::aws::{self, Home};
use super::{REGION, Ran, TOKEN, confirmed, cwl2le};

/// A log group of somebody else, with a filter of theirs.
pub(crate) const GROUP: &str = "/app/watched";
const FOREIGN_FILTER: &str = "theirs";
const FOREIGN_STREAM: &str = "their-stream";
const FOREIGN_ROLE: &str = "their-role";

/// A local AWS, and what makes accounts in it.
pub(crate) struct Ground {
    pub(crate) aws: Arc<LocalAws>,
    http: SharedHttpClient,
}

impl Ground {
    pub(crate) async fn start(options: Options) -> Self {
        // Connections belong to the runtime of one test.
        let http = aws_smithy_http_client::Builder::new().build_http();
        Self { aws: aws::shared(options).await, http }
    }

    /// An account in which others have a stream, a role and a subscribed log group, and we have nothing.
    pub(crate) async fn account(&self) -> Account {
        let home = Home::new(Arc::clone(&self.aws));
        let root = home.credentials();
        let keys = (root.access_key_id, root.secret_access_key);
        let proxy = CallProxy::start(self.aws.endpoint()).await.expect("a proxy");
        let account =
            Account { config: self.config(&keys), keys, proxy, id: home.account.clone(), _home: home };
        account.populate().await;
        account
    }

    /// Of clients that sign with an access key and its secret.
    pub(crate) fn config(&self, (id, secret): &(String, String)) -> SdkConfig {
        self.signing_with(Credentials::new(id, secret, None, None, "test"))
    }

    /// Of clients that sign with temporary credentials.
    pub(crate) fn config_of_session(&self, id: &str, secret: &str, token: &str) -> SdkConfig {
        self.signing_with(Credentials::new(id, secret, Some(token.to_owned()), None, "test"))
    }

    fn signing_with(&self, keys: Credentials) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(REGION))
            .app_name(aws::app_name())
            .endpoint_url(self.aws.endpoint())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(self.http.clone())
            .build()
    }
}

pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) proxy: CallProxy,
    /// Of the root.
    pub(crate) config: SdkConfig,
    /// What `cwl2le` signs with: the root's at first.
    pub(crate) keys: (String, String),
    _home: Home,
}

impl Account {
    async fn populate(&self) {
        let stream = aws_sdk_kinesis::Client::new(&self.config).create_stream().stream_name(FOREIGN_STREAM);
        stream.shard_count(1).send().await.expect("a stream");
        let (iam, logs) = (self.iam(), self.logs());
        let allow = |statement: serde_json::Value| {
            json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
        };
        let trust = allow(json!({
            "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" }, "Action": "sts:AssumeRole"
        }));
        let role = iam.create_role().role_name(FOREIGN_ROLE).assume_role_policy_document(trust);
        let role = role.send().await.expect("a role").role.expect("a role");
        let write = allow(json!({ "Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*" }));
        let policy =
            iam.put_role_policy().role_name(FOREIGN_ROLE).policy_name("write").policy_document(write);
        policy.send().await.expect("a policy");
        logs.create_log_group().log_group_name(GROUP).send().await.expect("a log group");
        logs.put_subscription_filter()
            .log_group_name(GROUP)
            .filter_name(FOREIGN_FILTER)
            .filter_pattern("ERROR")
            .destination_arn(format!("arn:aws:kinesis:{REGION}:{}:stream/{FOREIGN_STREAM}", self.id))
            .role_arn(role.arn)
            .send()
            .await
            .expect("a filter");
    }

    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config)
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    /// `cwl2le --output json ARGS` through the proxy, with consent to what it asks.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.text(&confirmed(&[&["--output", "json"], args].concat()))
    }

    /// `cwl2le ARGS` through the proxy, word for word.
    pub(crate) fn text(&self, args: &[&str]) -> Command {
        let mut command = Command::from(cwl2le());
        command
            .env("AWS_ENDPOINT_URL", self.proxy.endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", &self.keys.0)
            .env("AWS_SECRET_ACCESS_KEY", &self.keys.1)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it without any fault, and says which calls it made.
    pub(crate) async fn run(&self, args: &[&str]) -> (Ran, Vec<Call>) {
        self.run_with(None, args).await
    }

    /// Runs it with a fault, or without one.
    pub(crate) async fn run_with(&self, injection: Option<Injection>, args: &[&str]) -> (Ran, Vec<Call>) {
        self.proxy.inject(injection);
        let ran = ended(self.command(args).spawn().expect("cwl2le runs")).await;
        (ran, self.proxy.calls())
    }

    /// Everything that there is in the account, one line each, sorted.
    pub(crate) async fn seen(&self) -> Vec<String> {
        let mut seen = Vec::new();
        let kinesis = aws_sdk_kinesis::Client::new(&self.config);
        let streams = kinesis.list_streams().send().await.expect("streams").stream_names;
        seen.extend(streams.iter().map(|name| format!("stream {name}")));
        let iam = self.iam();
        for role in iam.list_roles().send().await.expect("roles").roles {
            let policies = iam.list_role_policies().role_name(&role.role_name).send().await;
            let policies = policies.map(|policies| policies.policy_names).unwrap_or_default();
            seen.push(format!("role {} with {}", role.role_name, policies.join(", ")));
        }
        let lambda = aws_sdk_lambda::Client::new(&self.config);
        let functions = lambda.list_functions().send().await.expect("functions").functions;
        for name in functions.into_iter().flatten().filter_map(|function| function.function_name) {
            let aliases = lambda.list_aliases().function_name(&name).send().await.expect("aliases").aliases;
            let aliases = aliases.into_iter().flatten().filter_map(|alias| alias.name);
            seen.extend(aliases.map(|alias| format!("alias {name}:{alias}")));
            seen.push(format!("function {name}"));
        }
        let mappings =
            lambda.list_event_source_mappings().send().await.expect("mappings").event_source_mappings;
        seen.extend(mappings.into_iter().flatten().map(|mapping| {
            let (from, to, state) = (mapping.event_source_arn, mapping.function_arn, mapping.state);
            let [from, to, state] = [from, to, state].map(Option::unwrap_or_default);
            let (from, to) = (from.rsplit('/').next(), to.split_once(":function:").map(|(_, name)| name));
            format!("trigger {} {} {state}", from.unwrap_or_default(), to.unwrap_or_default())
        }));
        let logs = self.logs();
        let groups = logs.describe_log_groups().send().await.expect("log groups").log_groups;
        for group in groups.into_iter().flatten().filter_map(|group| group.log_group_name) {
            let filters = logs.describe_subscription_filters().log_group_name(&group).send().await;
            let filters = filters.ok().and_then(|filters| filters.subscription_filters).unwrap_or_default();
            seen.push(format!("log group {group}"));
            seen.extend(filters.into_iter().map(|filter| {
                let to = filter.destination_arn.unwrap_or_default();
                let (name, pattern) = (filter.filter_name.unwrap_or_default(), filter.filter_pattern);
                format!("filter {group} {name} {to} `{}`", pattern.unwrap_or_default())
            }));
        }
        let destinations = logs.describe_destinations().send().await.expect("destinations").destinations;
        let names = destinations.into_iter().flatten().filter_map(|destination| destination.destination_name);
        seen.extend(names.map(|name| format!("logs destination {name}")));
        seen.sort();
        seen
    }

    /// What others have, which nothing of ours may change.
    pub(crate) fn theirs(&self) -> Vec<String> {
        vec![
            format!(
                "filter {GROUP} {FOREIGN_FILTER} arn:aws:kinesis:{REGION}:{}:stream/{FOREIGN_STREAM} `ERROR`",
                self.id
            ),
            format!("log group {GROUP}"),
            format!("role {FOREIGN_ROLE} with write"),
            format!("stream {FOREIGN_STREAM}"),
        ]
    }

    /// The stack beside it, whole.
    pub(crate) fn whole(&self, subscribed: bool) -> Vec<String> {
        let stream = "cloudwatch-logs-stream";
        let mut all = self.theirs();
        all.extend(
            [
                "alias cwl-to-logentries:live",
                "function cwl-to-logentries",
                "log group /aws/lambda/cwl-to-logentries",
                "role cwl-to-kinesis with cwl-kinesis-write",
                "role cwl-to-logentries with cwl-logentries-forward",
                "stream cloudwatch-logs-stream",
                "trigger cloudwatch-logs-stream cwl-to-logentries:live Enabled",
            ]
            .map(ToOwned::to_owned),
        );
        if subscribed {
            let arn = format!("arn:aws:kinesis:{REGION}:{}:stream/{stream}", self.id);
            all.push(format!("filter {GROUP} cloudwatchLogsFilter {arn} ``"));
        }
        all.sort();
        all
    }
}

/// The same run by way of another program, which finds it behind its own arguments.
pub(crate) fn by_way_of(program: &str, arguments: &[&str], run: &Command) -> Command {
    let run = run.as_std();
    let mut command = Command::new(program);
    command.args(arguments).arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a process ended with.
pub(crate) async fn ended(child: Child) -> Ran {
    child.wait_with_output().await.expect("cwl2le runs").into()
}

/// `setup` with a log service that nobody connects to, and with `more`.
pub(crate) fn setup<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let base = ["setup", "--token", TOKEN, "--logentries-endpoint", "127.0.0.1:1", "--logentries-plain"];
    [&base, more].concat()
}

/// A zip with a `bootstrap` for the other architecture.
pub(crate) fn other_zip() -> tempfile::NamedTempFile {
    // An ELF header with machine AArch64 (183) in its place, and nothing that it would load.
    let mut elf = vec![0; 64];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (elf[16], elf[18], elf[20], elf[52], elf[54], elf[58]) = (2, 183, 1, 64, 56, 64);
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut zip = zip::ZipWriter::new(file.reopen().expect("opened"));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).expect("a file");
    zip.write_all(&elf).expect("written");
    zip.finish().expect("a zip");
    file
}
