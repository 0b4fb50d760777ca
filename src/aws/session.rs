//! The account, the region and the identity that a command works with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use cwl2le_forwarder::aws::{EndpointKind, Endpoints, Signer};

use super::clock::Clock;
use super::credentials::Kept;
use super::pace::{Pace, Paces};
use super::retry::ALTOGETHER;
use super::{Options, Stop, endpoint};
use crate::stack::{Region, Target};

/// Maximum time for a propagation, a change in progress or a resource to become ready.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// An account and region that answered, with a client for each service.
#[derive(Debug)]
pub struct Session {
    /// The account and region.
    pub target: Target,
    /// The ARN of who we are.
    pub identity: String,
    endpoint: Option<String>,
    /// FIPS and dual-stack endpoints, as environment and profile say.
    endpoint_kind: EndpointKind,
    credentials: Kept,
    clients: Clients,
    connector: SharedHttpConnector,
    pace: Arc<Pace>,
    calls: AtomicU64,
    answered: AtomicBool,
    patience: Option<Duration>,
    clock: Clock,
    begun: OnceLock<u64>,
    published: Mutex<BTreeMap<String, u64>>,
    stop: Stop,
    show_log: Option<String>,
}

/// One client for each service; they share connections and credentials.
#[derive(Debug)]
struct Clients {
    iam: aws_sdk_iam::Client,
    kinesis: aws_sdk_kinesis::Client,
    lambda: aws_sdk_lambda::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    sts: aws_sdk_sts::Client,
}

impl Session {
    /// A session that nothing has answered yet: its account and identity are not known.
    pub(super) fn new(
        config: &SdkConfig,
        region: Region,
        options: &Options,
        credentials: Kept,
        connector: SharedHttpConnector,
        clock: Clock,
    ) -> Self {
        Self {
            target: Target { account: String::new(), region },
            identity: String::new(),
            endpoint: config.endpoint_url().map(ToOwned::to_owned),
            endpoint_kind: EndpointKind::new(
                config.use_fips() == Some(true),
                config.use_dual_stack() == Some(true),
            ),
            credentials,
            connector,
            clients: Clients {
                iam: aws_sdk_iam::Client::new(config),
                kinesis: aws_sdk_kinesis::Client::new(config),
                lambda: aws_sdk_lambda::Client::new(config),
                logs: aws_sdk_cloudwatchlogs::Client::new(config),
                sts: aws_sdk_sts::Client::new(config),
            },
            pace: Arc::new(Pace::new(options.rate.map(f64::from))),
            calls: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            patience: options.patience,
            clock,
            begun: OnceLock::new(),
            published: Mutex::default(),
            stop: options.stop.clone(),
            show_log: options.show_log.clone(),
        }
    }

    /// Paces its calls together with those of the other sessions in the same account and region.
    pub(super) fn share_pace(&mut self, paces: &Paces) {
        self.pace = paces.of(&self.target.account, self.target.region.as_str(), &self.pace);
    }

    /// What ends waiting and keeps calls from being made.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The endpoint, where it is not AWS' own, as it may be shown.
    pub fn endpoint(&self) -> Option<String> {
        self.endpoint.as_deref().map(endpoint::shown)
    }

    /// The command that shows what the forwarder said since then, such as `1h`.
    pub fn show_log(&self, since: &str) -> String {
        format!("{} --since {since}", self.show_log.as_deref().unwrap_or("cwl2le logs"))
    }

    /// The caller's credentials.
    pub(super) fn credentials(&self) -> &Kept {
        &self.credentials
    }

    /// Signs requests that no client of the SDK makes.
    pub(super) fn signer(&self, credentials: Credentials) -> Signer {
        Signer::new(credentials, self.target.region.to_string(), self.endpoints())
    }

    /// Where these requests go.
    pub(super) fn endpoints(&self) -> Endpoints {
        Endpoints::new(&|name: &str| match name {
            "AWS_ENDPOINT_URL" => self.endpoint.clone(),
            _ => std::env::var(name).ok(),
        })
        .of_kind(self.endpoint_kind)
    }

    /// Sends them.
    pub(super) fn connector(&self) -> &SharedHttpConnector {
        &self.connector
    }

    /// Maximum time for one attempt that usually has `limit`.
    pub(crate) fn attempt(&self, limit: Duration) -> Duration {
        self.patience.map_or(limit, |patience| patience.min(limit))
    }

    /// How many requests have been made to AWS, retries included and those for credentials excluded.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// What time it is for AWS, in seconds since 1970, exact to about a second.
    pub fn time(&self) -> u64 {
        self.clock.now()
    }

    /// When this run first asked for the time of it, in seconds since 1970: the same however long it lasts.
    pub(crate) fn begun(&self) -> u64 {
        *self.begun.get_or_init(|| self.time())
    }

    /// Notes the version of a function that this run has published.
    pub(crate) fn note_published(&self, function: &str, version: u64) {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.insert(function.to_owned(), version);
    }

    /// The version of a function that this run published last; none where it published none.
    pub(crate) fn published(&self, function: &str) -> Option<u64> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).get(function).copied()
    }

    /// How many seconds AWS's clock is ahead of that of this machine.
    pub(crate) fn clock_ahead(&self) -> i64 {
        self.clock.ahead()
    }

    pub(super) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// The longest wait for anything to settle.
    pub(crate) fn patience(&self) -> Duration {
        self.patience.unwrap_or(PATIENCE)
    }

    /// How long one call may be retried, whatever for.
    pub(crate) fn retry_limit(&self) -> Duration {
        self.patience.unwrap_or(ALTOGETHER)
    }

    /// Notes that AWS, or what stands in its place, has answered.
    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether anything has answered: then a connection that fails is a lost one, and not a wrong address.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn iam(&self) -> &aws_sdk_iam::Client {
        &self.clients.iam
    }

    pub(crate) fn kinesis(&self) -> &aws_sdk_kinesis::Client {
        &self.clients.kinesis
    }

    pub(crate) fn lambda(&self) -> &aws_sdk_lambda::Client {
        &self.clients.lambda
    }

    pub(crate) fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        &self.clients.logs
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        &self.clients.sts
    }
}
