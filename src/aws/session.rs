//! The account, the region and the identity that a command works with.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
#[cfg(test)]
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_http_client::tls::TlsContext;
#[cfg(test)]
use aws_smithy_runtime_api::client::http::http_client_fn;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use cwl2le_forwarder::aws::{Endpoints, Signer};
use cwl2le_forwarder::secret::redact_uuids;

use super::clock::Clock;
use super::credentials::{self, Kept};
use super::error::{FAILED_CREDENTIALS, NO_CREDENTIALS, UNREACHABLE};
use super::http::{self, Connections};
use super::pace::Pace;
use super::profile::Profile;
use super::retry::ALTOGETHER;
use super::{Aws, AwsError, Notice, Stop, endpoint, trust};
use crate::error::{Code, Error, Result};
use crate::resources::function::sharing::MARGIN;
use crate::stack::{Region, Target};

/// Longest time for a propagation, a change in progress or a resource to become ready.
const PATIENCE: Duration = Duration::from_secs(300);
/// Until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);
/// Until an answer is there. Uploads take longer: see `resources/function/aws`.
const ATTEMPT: Duration = Duration::from_secs(30);

/// How to reach AWS. What is not given comes from the environment and the profile files, as with the AWS CLI.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The region; else `AWS_REGION`, `AWS_DEFAULT_REGION` or the profile's. Never assumed.
    pub region: Option<String>,
    /// The profile; else `AWS_PROFILE`. A profile that is named here wins over keys in the environment.
    pub profile: Option<String>,
    /// Where every service is; else `AWS_ENDPOINT_URL` or AWS itself.
    pub endpoint_url: Option<String>,
    /// Fixed credentials, for an endpoint that is our own.
    pub keys: Option<Keys>,
    /// The longest wait for anything: for an answer, 30 seconds by default, and for anything to settle, 5 minutes by
    /// default. Shortens the retry table's budgets and the time for an answer, never lengthens them.
    pub patience: Option<Duration>,
    /// Maximum calls a second of each operation, in the place of AWS's default quotas.
    pub rate: Option<u16>,
    /// Ends waiting and keeps calls from being made, once it is asked for.
    pub stop: Stop,
}

impl Options {
    /// The flags of AWS's CLI for the same place, each behind a space: what is not given comes from the environment there, too.
    fn cli_flags(&self) -> String {
        [("--region", &self.region), ("--profile", &self.profile), ("--endpoint-url", &self.endpoint_url)]
            .into_iter()
            .filter_map(|(flag, value)| {
                Some(format!(" {flag} {}", shlex::try_quote(value.as_deref()?).ok()?))
            })
            .collect()
    }
}

/// An access key. It never shows itself.
#[derive(Clone)]
pub struct Keys {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

/// An account and region that answered, with a client for each service.
#[derive(Debug)]
pub struct Session {
    /// The account and region.
    pub target: Target,
    /// The ARN of who we are.
    pub identity: String,
    endpoint: Option<String>,
    credentials: Kept,
    clients: Clients,
    connector: SharedHttpConnector,
    pace: Pace,
    calls: AtomicU64,
    answered: AtomicBool,
    patience: Option<Duration>,
    clock: Clock,
    stop: Stop,
    cli_flags: String,
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
    /// Finds region and credentials and asks AWS who we are.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] for an endpoint that is no URL, [`Code::NoRegion`], [`Code::BadRegion`], [`Code::NoCredentials`], [`Code::BadCredentials`],
    /// [`Code::Unreachable`], and whatever else `sts:GetCallerIdentity` fails with.
    pub async fn open(options: Options) -> Result<Self> {
        let variables = std::env::vars_os();
        let variables = variables.filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)));
        endpoint::check(options.endpoint_url.as_deref(), variables)?;
        let profile = Profile::load(options.profile.as_deref()).await;
        let region = region(&options).await?;
        // An AWS of our own has no certificate, and no use for what the environment says of one.
        let trust = if options.keys.is_some() { TlsContext::default() } else { trust::context(&profile)? };
        let connections = Connections { proxy: http::proxy(|name| std::env::var(name).ok())?, trust };
        let clock = Clock::default();
        let client = clock.watch(connections.clone().client());
        let source =
            credentials::source(&options, &profile, &region, client.clone(), timeouts(&options)).await;
        let credentials = Kept::new(source, options.patience.unwrap_or(PATIENCE));
        let config = configure(&options, &region, credentials.clone(), client).await;
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
        let connector = SharedHttpConnector::new(connections.connector(Some(settings), config.sleep_impl()));
        let mut session = Self { clock, ..Self::new(&config, region, &options, credentials, connector) };
        match Aws::from(&session).who_am_i().await {
            Ok((account, arn)) => {
                session.target.account = account;
                session.target.region = session.target.region.seen_by(&arn);
                session.identity = arn;
                Ok(session)
            }
            Err(error) => Err(unopened(error, &session, &profile, &options).await),
        }
    }

    fn new(
        config: &SdkConfig,
        region: Region,
        options: &Options,
        credentials: Kept,
        connector: SharedHttpConnector,
    ) -> Self {
        Self {
            target: Target { account: String::new(), region },
            identity: String::new(),
            endpoint: config.endpoint_url().map(ToOwned::to_owned),
            credentials,
            connector,
            clients: Clients {
                iam: aws_sdk_iam::Client::new(config),
                kinesis: aws_sdk_kinesis::Client::new(config),
                lambda: aws_sdk_lambda::Client::new(config),
                logs: aws_sdk_cloudwatchlogs::Client::new(config),
                sts: aws_sdk_sts::Client::new(config),
            },
            pace: Pace::new(options.rate.map(f64::from)),
            calls: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            patience: options.patience,
            clock: Clock::default(),
            stop: options.stop.clone(),
            cli_flags: options.cli_flags(),
        }
    }

    /// A session on a client of the test's own, which answers for AWS.
    #[cfg(test)]
    pub(crate) fn fake(
        connector: SharedHttpConnector,
        options: &Options,
        source: SharedCredentialsProvider,
    ) -> Self {
        let credentials = Kept::new(source, PATIENCE);
        let shared = connector.clone();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new("ap-northeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .build();
        let region = "ap-northeast-1".parse().expect("a region");
        let mut session = Self::new(&config, region, options, credentials, connector);
        session.target.account = "123456789012".to_owned();
        session
    }

    /// The session in use; `notice` hears of waiting.
    pub fn telling<'a>(&'a self, notice: &'a (dyn Fn(Notice<'_>) + Sync)) -> Aws<'a> {
        Aws { session: self, notice, needs: &[], mending: false }
    }

    /// What ends waiting and keeps calls from being made.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The endpoint, where it is not AWS' own, as it may be shown.
    pub fn endpoint(&self) -> Option<String> {
        self.endpoint.as_deref().map(endpoint::shown)
    }

    /// The command that shows the log of a function since then, such as `1h`.
    pub fn tail(&self, function: &str, since: &str) -> String {
        format!("aws logs tail /aws/lambda/{function} --since {since}{}", self.cli_flags)
    }

    /// The caller's credentials.
    pub(super) fn credentials(&self) -> &Kept {
        &self.credentials
    }

    /// Signs requests that no client of the SDK makes.
    pub(super) fn signer(&self, credentials: Credentials) -> Signer {
        let variable = |name: &str| match name {
            "AWS_ENDPOINT_URL" => self.endpoint.clone(),
            _ => std::env::var(name).ok(),
        };
        Signer::new(credentials, self.target.region.to_string(), Endpoints::new(&variable))
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
}

impl Aws<'_> {
    /// Goes on only while this time is still ahead.
    ///
    /// # Errors
    ///
    /// [`Code::NotReady`] where it is not: nothing is lost, since the function that would let go serves everything.
    pub(crate) fn before_handover(self, at: u64) -> Result<()> {
        if self.session.time() + MARGIN < at {
            return Ok(());
        }
        let message = "the time at which a destination was to move to another function has passed before that function was ready";
        Err(Error::new(Code::NotReady, message)
            .hint("nothing is lost: until then both functions deliver; run the same command again, with --handover 300 where updates take long"))
    }

    /// `sts:GetCallerIdentity`: account id and ARN. It needs no permission.
    async fn who_am_i(&self) -> Result<(String, String), AwsError> {
        let sts = &self.session.clients.sts;
        let answer =
            self.call("sts", "GetCallerIdentity", "the caller", || sts.get_caller_identity().send()).await?;
        Ok((answer.account.unwrap_or_default(), answer.arn.unwrap_or_default()))
    }
}

/// The region from the flag, the environment or the profile. The instance's own region is not asked for: what is set
/// up should not depend on where the command runs.
/// The region that a command would work in, without asking AWS; none if no region is configured.
///
/// # Errors
/// [`Code::BadRegion`].
pub(crate) async fn configured_region(options: &Options) -> Result<Option<Region>> {
    match region(options).await {
        Err(error) if error.code == Code::NoRegion => Ok(None),
        found => found.map(Some),
    }
}

async fn region(options: &Options) -> Result<Region> {
    let given = options.region.clone().map(aws_config::Region::new);
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(given)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    let Some(found) = chain.region().await.filter(|region| !region.as_ref().is_empty()) else {
        let and_profile = match &options.profile {
            Some(name) => format!(", and the profile `{}` has none or does not exist", redact_uuids(name)),
            None => String::new(),
        };
        return Err(Error::new(Code::NoRegion, format!("no region is configured{and_profile}"))
            .hint("give --region, set AWS_REGION, or set `region` in the profile; none is ever assumed"));
    };
    found.as_ref().parse().map_err(|reason: String| {
        let set = |name: &&str| std::env::var_os(name).is_some();
        let from = match &options.region {
            Some(_) => "--region",
            None => ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(set).unwrap_or("the profile"),
        };
        // It may be a token in the wrong place.
        Error::new(Code::BadRegion, redact_uuids(&format!("{from}: {reason}")))
            .on(redact_uuids(found.as_ref()))
            .hint(
                "check the name in --region, AWS_REGION, AWS_DEFAULT_REGION and the profile, in this order; if AWS has opened \
                 that region since, update cwl2le",
            )
    })
}

fn timeouts(options: &Options) -> TimeoutConfig {
    let attempt = options.patience.map_or(ATTEMPT, |patience| patience.min(ATTEMPT));
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(attempt).build()
}

async fn configure(
    options: &Options,
    region: &Region,
    credentials: Kept,
    http: SharedHttpClient,
) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(region.to_string()))
        // Retrying is decided in one place: see `Aws::call`.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(options))
        .credentials_provider(credentials)
        .http_client(http);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// Why the session did not open, where more can be said than the table of hints says.
async fn unopened(error: AwsError, session: &Session, profile: &Profile, options: &Options) -> Error {
    let region = &session.target.region;
    // A region that does not exist has no address. If AWS itself has none either, it is the network. A proxy is given the name.
    let by_name = session.endpoint.is_none() && !http::names_proxy();
    if error.code == UNREACHABLE && by_name && !resolves(&region.host("sts")).await {
        if resolves("sts.amazonaws.com").await {
            let message = format!("there is no AWS region `{region}`: its address is unknown");
            return Error { aws: Some(Box::new(error)), ..Error::new(Code::BadRegion, message) }
                .on(region.as_str())
                .hint("check the region's name, as in ap-northeast-1");
        }
        let message = "AWS cannot be reached: its name does not resolve";
        return Error { aws: Some(Box::new(error)), ..Error::new(Code::Unreachable, message) }
            .hint("check the network, the proxy (HTTPS_PROXY) and the DNS");
    }
    if let Some(endpoint) = session.endpoint().filter(|_| error.code == UNREACHABLE) {
        let message = format!("cannot reach {endpoint}: {}", error.message);
        return Error { message, ..error.into() };
    }
    if [NO_CREDENTIALS, FAILED_CREDENTIALS].contains(&error.code.as_str()) {
        return credentials::explain(error, profile, options.profile.as_deref());
    }
    error.into()
}

async fn resolves(host: &str) -> bool {
    let look = tokio::net::lookup_host((host, 443));
    tokio::time::timeout(CONNECT, look).await.is_ok_and(|found| found.is_ok())
}
