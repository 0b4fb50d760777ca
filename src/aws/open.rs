//! Opening a session: region, credentials, connections, and who we are.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

use super::clock::Clock;
use super::credentials::{self, Kept};
use super::error::{FAILED_CREDENTIALS, NO_CREDENTIALS, UNREACHABLE};
use super::http::{self, Connections};
use super::profile::Profile;
use super::region::region;
use super::role;
use super::session::PATIENCE;
use super::{Aws, AwsError, Notice, Options, Session, endpoint, trust};
use crate::error::{Code, Error, Result};
use crate::stack::Region;

/// Maximum time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Maximum time for an answer. Uploads take longer: see `resources/function/aws`.
const ATTEMPT: Duration = Duration::from_secs(30);

impl Session {
    /// Finds region and credentials and asks AWS who we are.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] for an endpoint that is not a URL, [`Code::NoRegion`], with the credentials that are missing as well,
    /// [`Code::BadRegion`], [`Code::NoCredentials`], [`Code::BadCredentials`], [`Code::Unreachable`], and whatever else
    /// `sts:GetCallerIdentity` fails with.
    pub async fn open(options: Options) -> Result<Self> {
        Self::open_telling(options, &|_| ()).await
    }

    /// The same, while `notice` hears of waiting for a connection.
    ///
    /// # Errors
    ///
    /// As of [`Session::open`].
    pub async fn open_telling(options: Options, notice: &(dyn Fn(Notice<'_>) + Sync)) -> Result<Self> {
        let variables = std::env::vars_os();
        let variables = variables.filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?)));
        endpoint::check(options.endpoint_url.as_deref(), variables)?;
        let profile = Profile::load(options.profile.as_deref()).await;
        let region = region(&options).await;
        // An AWS of our own has no certificate, and no use for what the environment says of one.
        let trust = if options.keys.is_some() { TlsContext::default() } else { trust::context(&profile)? };
        let connections = Connections { proxy: http::proxy(|name| std::env::var(name).ok())?, trust };
        let clock = Clock::default();
        let client = clock.watch(connections.clone().client());
        let region = match region {
            Err(error) if error.code == Code::NoRegion => {
                // The region may be that of the profile.
                if profile.is_missing(options.profile.as_deref()) {
                    return Err(credentials::no_such_profile(&profile));
                }
                return Err(
                    error.and(credentials::missing(&options, &profile, client, timeouts(&options)).await)
                );
            }
            found => found?,
        };
        let source =
            credentials::source(&options, &profile, Some(&region), client.clone(), timeouts(&options)).await;
        let limit = options.patience.unwrap_or(PATIENCE);
        let base = Kept::new(source, limit);
        let config = configure(&options, &region, base.clone(), client.clone()).await;
        let mut role = options.role.arn().map(ToOwned::to_owned).filter(|_| options.keys.is_none());
        if role.is_some() {
            // Without credentials of its own there is no role to assume, and the error is about these. Whoever gives
            // them may ask a person first, so a stop ends the wait.
            let has_some = tokio::select! {
                () = options.stop.wait() => false,
                found = base.get() => found.is_ok(),
            };
            role = role.filter(|_| has_some);
        }
        let credentials = match &role {
            Some(arn) => Kept::new(role::assumed(&options.role, arn, &config, base.clone()).await, limit),
            None => base.clone(),
        };
        let config = configure(&options, &region, credentials.clone(), client.clone()).await;
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
        let connector = SharedHttpConnector::new(connections.connector(Some(settings), config.sleep_impl()));
        let open = |config, credentials| {
            let (region, connector, clock) = (region.clone(), connector.clone(), clock.clone());
            Self::new(config, region, &options, credentials, connector, clock)
        };
        let mut session = open(&config, credentials);
        match session.telling(notice).who_am_i().await {
            Ok((account, arn)) => {
                session.target.account = account;
                session.target.region = session.target.region.seen_by(&arn);
                session.identity = arn;
                session.share_pace(&options.paces);
                Ok(session)
            }
            Err(error) => match role.filter(|_| error.code == FAILED_CREDENTIALS) {
                Some(arn) => {
                    let config = configure(&options, &session.target.region, base.clone(), client).await;
                    let caller = open(&config, base).telling(notice).who_am_i().await;
                    let caller = caller.ok().map(|(_, arn)| arn);
                    Err(role::not_assumed(error, &options.role, &arn, caller.as_deref()))
                }
                None => Err(unopened(error, &session, &profile, &options).await),
            },
        }
    }
}

impl Aws<'_> {
    /// `sts:GetCallerIdentity`: account id and ARN. It needs no permission.
    async fn who_am_i(&self) -> Result<(String, String), AwsError> {
        let (session, sts) = (self.session, self.session.sts());
        // The caller is not known yet: what errors name is who was asked.
        let asked = session.endpoint().unwrap_or_else(|| session.target.region.host("sts"));
        let answer =
            self.call("sts", "GetCallerIdentity", &asked, || sts.get_caller_identity().send()).await?;
        Ok((answer.account.unwrap_or_default(), answer.arn.unwrap_or_default()))
    }
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
    // A region that does not exist has no address. If AWS itself has none either, it is the network. A proxy is given
    // the name.
    let by_name = session.endpoint().is_none() && !http::names_proxy();
    if error.code == UNREACHABLE && by_name && !resolves(&region.host("sts")).await {
        if resolves("sts.amazonaws.com").await {
            let message = format!("there is no AWS region `{region}`: its host name does not resolve");
            return Error { aws: Some(Box::new(error)), ..Error::new(Code::BadRegion, message) }
                .on(region.as_str())
                .hint("check the region's name, as in ap-northeast-1");
        }
        let message = "cannot reach AWS: its host name does not resolve";
        return Error { aws: Some(Box::new(error)), ..Error::new(Code::Unreachable, message) }
            .hint("check the network, the proxy (HTTPS_PROXY) and the DNS");
    }
    if let Some(endpoint) = session.endpoint().filter(|_| error.code == UNREACHABLE) {
        let message = format!("cannot reach {endpoint}: {}", error.message);
        return Error { message, resource: None, ..error.into() };
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
