//! A local AWS, a local log service and the `cwl2le` process against them.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudwatchlogs::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use cwl2le_forwarder::aws::Aws;
use cwl2le_forwarder::net::http::Client;
use cwl2le_local::log_service::{self, LogService, Transport};
use cwl2le_local::{Cache, LocalAws, Options, awscli};
use serde_json::Value;

use super::aws::{self, Home};
use super::documented;

pub(crate) const REGION: &str = "ap-northeast-1";
pub(crate) const TOKEN: &str = "7d3a9c52-58e1-4b0f-9c6a-2f41d8e0b7a3";

/// An account of its own, and a log service.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) log_service: LogService,
    pub(crate) ca_file: tempfile::NamedTempFile,
}

/// What a run of `cwl2le` ended with.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The document on standard output. Each of its fields stands in `docs/json.md`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.documented(&self.stdout)
    }

    #[track_caller]
    fn documented(&self, text: &str) -> Value {
        let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        let problems = documented::problems(&value);
        assert!(problems.is_empty(), "docs/json.md: {problems:#?}\n{value:#}");
        value
    }

    /// The JSON report on standard error, below the notes: where standard output belongs to the lines.
    pub(crate) fn report(&self) -> Value {
        let start = self.stderr.find("\n{").map_or(0, |at| at + 1);
        self.documented(&self.stderr[start..])
    }

    /// The run ended with success; panics with everything it said otherwise.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The run failed with this code and this error.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, error: &str) -> Self {
        let found = self.json()["error"]["code"].clone();
        assert_eq!((self.code, &found), (code, &Value::from(error)), "{self:?}");
        assert!(!self.stdout.contains(TOKEN) && !self.stderr.contains(TOKEN), "a token was shown: {self:?}");
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// `cwl2le` with nothing of the caller's environment that it would listen to.
pub(crate) fn cwl2le() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cwl2le"));
    for (name, _) in std::env::vars() {
        let is_proxy = name.to_ascii_uppercase().ends_with("_PROXY");
        if name.starts_with("AWS_") || name.starts_with("CWL2LE_") || is_proxy {
            command.env_remove(name);
        }
    }
    // Nobody's real credentials and no instance metadata.
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // The local AWS has no quotas.
        .env("CWL2LE_RATE", "200");
    command
}

/// The Python that runs what a shell cannot.
pub(crate) fn python() -> String {
    std::env::var("CWL2LE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// The arguments with `--yes` where the verb would ask: a test has no terminal to answer on.
pub(crate) fn confirmed<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let asks =
        |arg: &&str| ["setup", "subscribe", "unsubscribe", "teardown", "upgrade", "rollback"].contains(arg);
    let yes = args.iter().any(asks) && !args.contains(&"--yes");
    [args, if yes { &["--yes"] } else { &[] }].concat()
}

impl World {
    /// Nobody wants to wait for 23 hours. Returns the id of the event source mapping.
    pub(crate) async fn let_records_expire_after_a_second(&self) -> String {
        let lambda = aws_sdk_lambda::Client::new(&self.config(REGION));
        let mappings = lambda.list_event_source_mappings().send().await.expect("mappings");
        let mapping = mappings.event_source_mappings.and_then(|all| all.into_iter().next());
        let uuid = mapping.and_then(|mapping| mapping.uuid).expect("a mapping");
        let shorter = lambda.update_event_source_mapping().uuid(&uuid).maximum_record_age_in_seconds(1);
        shorter.send().await.expect("a shorter age");
        uuid
    }

    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self::on(aws::shared(options).await)
    }

    /// On a local AWS that no other test uses.
    pub(crate) async fn start_alone() -> Self {
        Self::on(aws::alone(Options::default()).await)
    }

    /// Another account on the same local AWS.
    pub(crate) fn beside(&self) -> Self {
        Self::on(Arc::clone(&self.home.aws))
    }

    fn on(aws: Arc<LocalAws>) -> Self {
        let transport = log_service::Options::with_transport(Transport::Tls13);
        let log_service = LogService::start(transport).expect("a log service");
        let ca_file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(ca_file.path(), log_service.ca_pem()).expect("written");
        Self { home: Home::new(aws), log_service, ca_file }
    }

    pub(crate) fn aws(&self) -> &LocalAws {
        &self.home.aws
    }

    /// `cwl2le` in the article's region.
    pub(crate) fn command(&self) -> Command {
        self.command_in(REGION)
    }

    pub(crate) fn command_in(&self, region: &str) -> Command {
        let mut command = cwl2le();
        command.envs(self.environment(region));
        command
    }

    fn environment(&self, region: &str) -> [(&'static str, String); 4] {
        let credentials = self.home.credentials();
        [
            ("AWS_ENDPOINT_URL", self.aws().endpoint().to_owned()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
        ]
    }

    /// The forwarder's own client, as the root: for services that `cwl2le` itself does not talk to.
    pub(crate) fn forwarder_aws(&self) -> Aws {
        let environment = self.environment(REGION);
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        Aws::new(Client::new(None).expect("a client"), &variable).expect("AWS")
    }

    /// Runs `cwl2le --output json ARGS`, and confirms what it asks.
    pub(crate) async fn run(&self, args: &[&str]) -> Ran {
        self.run_in(REGION, args).await
    }

    pub(crate) async fn run_in(&self, region: &str, args: &[&str]) -> Ran {
        let mut command = self.command_in(region);
        command.args(["--output", "json"]).args(confirmed(args));
        tokio::task::spawn_blocking(move || command.output().expect("cwl2le runs").into())
            .await
            .expect("no panic")
    }

    /// The flags of `setup` that lead to the local log service.
    pub(crate) fn service(&self) -> Vec<String> {
        vec![
            "--token".to_owned(),
            TOKEN.to_owned(),
            "--logentries-endpoint".to_owned(),
            self.log_service.address().to_string(),
            "--logentries-ca-file".to_owned(),
            self.ca_file.path().display().to_string(),
        ]
    }

    /// Runs `cwl2le --output json setup ARGS` with the local log service.
    pub(crate) async fn setup(&self, args: &[&str]) -> Ran {
        let service = self.service();
        let mut all = vec!["setup"];
        all.extend(service.iter().map(String::as_str));
        all.extend(args);
        self.run(&all).await
    }

    /// AWS's own CLI, with the keys of the account.
    pub(crate) async fn aws_cli(&self) -> tokio::process::Command {
        let cache = Cache::open().expect("a cache folder");
        let python = awscli::environment(&cache, &|_| ()).await.expect("the AWS CLI");
        let mut command = python.command();
        let keys = self.home.credentials();
        command
            .args(["-m", "awscli"])
            .env("AWS_ENDPOINT_URL", self.aws().endpoint())
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_PAGER", "");
        command
    }

    pub(crate) fn config(&self, region: &str) -> SdkConfig {
        let credentials = self.home.credentials();
        let keys =
            Credentials::new(credentials.access_key_id, credentials.secret_access_key, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_owned()))
            .app_name(aws::app_name())
            .endpoint_url(self.aws().endpoint())
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config(REGION))
    }

    pub(crate) async fn create_log_group(&self, name: &str) {
        let logs = self.logs();
        logs.create_log_group().log_group_name(name).send().await.expect("a log group");
        logs.create_log_stream()
            .log_group_name(name)
            .log_stream_name("stream")
            .send()
            .await
            .expect("a log stream");
    }

    pub(crate) async fn put_log_events(&self, log_group: &str, messages: &[String]) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let events = messages.iter().map(|message| {
            let now = i64::try_from(now).expect("before the year 292 million");
            InputLogEvent::builder().timestamp(now).message(message).build().expect("an event")
        });
        let put = self.logs().put_log_events().log_group_name(log_group).log_stream_name("stream");
        put.set_log_events(Some(events.collect())).send().await.expect("events are put");
    }
}
