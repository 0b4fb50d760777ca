//! The local AWS: ministack as a process of its own, with our launcher around it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cache::{Cache, Progress};
use crate::error::LocalError;
use crate::guarded::Guarded;
use crate::http;
use crate::python::{PythonEnv, Tool};

/// ministack and what it needs.
pub const MINISTACK: Tool = Tool {
    name: "ministack",
    purpose: "the local AWS",
    requirements: include_str!("../requirements/ministack.txt"),
};

/// How the local AWS behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Checks signatures and evaluates identity policies; off, every caller may do everything.
    pub auth: bool,
    /// Takes only requests that are signed with [`LocalAws::credentials`], whose secret is random: functions run as
    /// processes of this user, so whoever can call the local AWS can run programs.
    pub private: bool,
}

/// How far the answers of a reading operation lag behind writes, as AWS's do now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    /// This many answers do not show a write yet.
    Answers(u32),
    /// No answer shows a write for this time.
    For(Duration),
}

/// What a client of the local AWS signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key; twelve digits choose the account of that number.
    pub access_key_id: String,
    /// The secret, the same for every account: `test` unless the local AWS is private.
    pub secret_access_key: String,
}

impl Credentials {
    /// The root of `account` (twelve digits), which shares nothing with other accounts: tests that
    /// use one local AWS beside each other take an account each.
    pub fn of_account(account: &str) -> Self {
        Self { access_key_id: account.to_owned(), secret_access_key: "test".to_owned() }
    }
}

/// One value of a CloudWatch metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric<'a> {
    /// The namespace, such as `AWS/Lambda`.
    pub namespace: &'a str,
    /// The name, such as `Errors`.
    pub name: &'a str,
    /// Names and values of its dimensions.
    pub dimensions: &'a [(&'a str, &'a str)],
    /// When it was measured; it counts for that minute.
    pub time: SystemTime,
    /// The value.
    pub value: f64,
}

impl Metric<'_> {
    fn json(&self) -> serde_json::Value {
        let time = self.time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let dimensions: BTreeMap<_, _> = self.dimensions.iter().copied().collect();
        serde_json::json!({
            "namespace": self.namespace, "name": self.name, "dimensions": dimensions, "time": time, "value": self.value,
        })
    }
}

/// A running local AWS: every account and every region at one endpoint.
///
/// It ends, with the functions that it runs, when this value is dropped and also when this process
/// is killed.
#[derive(Debug)]
pub struct LocalAws {
    server: Guarded,
    endpoint: String,
}

impl LocalAws {
    /// Starts a local AWS of its own on a free port of 127.0.0.1, installing it first if need be.
    pub async fn start(cache: &Cache, options: Options, progress: Progress<'_>) -> Result<Self, LocalError> {
        let environment = PythonEnv::of(MINISTACK, cache, progress).await?;
        let flags = [(options.auth, "--auth"), (options.private, "--private")];
        let arguments: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
        let server = Guarded::start("the local AWS", &environment, "launcher.py", &arguments).await?;
        let endpoint = server.endpoint();
        Ok(Self { server, endpoint })
    }

    /// The endpoint URL for every service, for example `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The credentials of the default account, 000000000000.
    pub fn credentials(&self) -> Credentials {
        let mut credentials = Credentials::of_account("test");
        if let Some(secret) = self.server.secret() {
            secret.clone_into(&mut credentials.secret_access_key);
        }
        credentials
    }

    /// Forgets everything in every account.
    pub async fn reset(&self) -> Result<(), LocalError> {
        http::post(&self.server, "/_ministack/reset", "")
            .await
            .map(drop)
            .map_err(|error| LocalError::new("cannot reset the local AWS", error))
    }

    /// Remembers an account (twelve digits) as it is now, by a number.
    pub async fn keep(&self, account: &str, number: usize) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/keep/{number}");
        let kept = http::post(&self.server, &path, "").await;
        kept.map(drop).map_err(|error| LocalError::new("cannot keep the account", error))
    }

    /// Puts an account back to what it was when it was kept by this number. No call may be under way in it.
    pub async fn restore(&self, account: &str, number: usize) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/restore/{number}");
        let restored = http::post(&self.server, &path, "").await;
        restored.map(drop).map_err(|error| LocalError::new("cannot restore the account", error))
    }

    /// Deletes everything in an account, and ends the functions that run in it. No call may be under way in it.
    pub async fn forget(&self, account: &str) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/forget");
        let forgotten = http::post(&self.server, &path, "").await;
        forgotten.map(drop).map_err(|error| LocalError::new("cannot forget the account", error))
    }

    /// Everything that there is in an account, as JSON: the same text for the same contents, whatever the account's
    /// number, generated ids and times. What flows through it, records and lines, is left out.
    pub async fn contents(&self, account: &str) -> Result<String, LocalError> {
        let path = format!("/_cwl2le/accounts/{account}");
        let shown = http::get(&self.server, &path).await;
        shown.map_err(|error| LocalError::new("cannot look at the account", error))
    }

    /// Makes an operation of an account (twelve digits), such as `logs:DescribeAccountPolicies`, lag behind every write
    /// from now on; `launcher/lag.py` says which operations can.
    pub async fn lag(&self, account: &str, operation: &str, lag: Lag) -> Result<(), LocalError> {
        let wanted = match lag {
            Lag::Answers(answers) => serde_json::json!({ "operation": operation, "answers": answers }),
            Lag::For(time) => serde_json::json!({ "operation": operation, "seconds": time.as_secs_f64() }),
        };
        self.set_lag(account, &wanted.to_string()).await
    }

    /// Ends every lag in an account.
    pub async fn end_lags(&self, account: &str) -> Result<(), LocalError> {
        self.set_lag(account, "{}").await
    }

    async fn set_lag(&self, account: &str, wanted: &str) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/lag");
        let set = http::post(&self.server, &path, wanted).await;
        set.map(drop).map_err(|error| LocalError::new("cannot make reads lag", error))
    }

    /// Records metrics in an account (twelve digits) and region, also ones that only AWS records, and in the past.
    pub async fn put_metrics(
        &self,
        account: &str,
        region: &str,
        metrics: &[Metric<'_>],
    ) -> Result<(), LocalError> {
        let metrics: Vec<_> = metrics.iter().map(Metric::json).collect();
        let path = format!("/_cwl2le/accounts/{account}/metrics");
        let wanted = serde_json::json!({ "region": region, "metrics": metrics });
        let put = http::post(&self.server, &path, &wanted.to_string()).await;
        put.map(drop).map_err(|error| LocalError::new("cannot record metrics", error))
    }

    /// Lets minutes pass for the metrics of an account (twelve digits): whatever was recorded so far happened that much
    /// earlier. An alarm sees the time that it looks at go by.
    pub async fn pass_minutes(&self, account: &str, minutes: u32) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/minutes");
        let wanted = serde_json::json!({ "minutes": minutes });
        let passed = http::post(&self.server, &path, &wanted.to_string()).await;
        passed.map(drop).map_err(|error| LocalError::new("cannot let minutes pass", error))
    }

    /// Makes a stream refuse records, as one does that gets too many, or ends that. Meanwhile deliveries of CloudWatch Logs
    /// to it wait.
    pub async fn throttle(
        &self,
        account: &str,
        region: &str,
        stream: &str,
        on: bool,
    ) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/throttle");
        let wanted = serde_json::json!({ "region": region, "stream": stream, "throttled": on });
        let set = http::post(&self.server, &path, &wanted.to_string()).await;
        set.map(drop).map_err(|error| LocalError::new("cannot throttle the stream", error))
    }

    /// Makes an account (twelve digits) a member of an organization, or with `None` of none. `source` is whether CloudWatch
    /// Logs gives `aws:SourceOrgID` when it assumes a role on behalf of the account, which AWS documents nowhere.
    pub async fn set_organization(
        &self,
        account: &str,
        organization: Option<&str>,
        source: bool,
    ) -> Result<(), LocalError> {
        let path = format!("/_cwl2le/accounts/{account}/organization");
        let wanted = organization.map_or_else(
            || serde_json::json!({}),
            |organization| serde_json::json!({ "organization": organization, "source": source }),
        );
        let set = http::post(&self.server, &path, &wanted.to_string()).await;
        set.map(drop).map_err(|error| LocalError::new("cannot change the organization", error))
    }

    /// Where the local AWS writes its log; the file goes when the local AWS stops.
    pub fn log_path(&self) -> &Path {
        self.server.log_path()
    }

    /// The last `lines` of its log, for a test that failed.
    pub fn logs_tail(&self, lines: usize) -> String {
        self.server.logs_tail(lines)
    }

    /// Stops it and waits until it has ended.
    pub async fn stop(mut self) -> Result<(), LocalError> {
        self.server.stop().await
    }
}
