//! The caller's credentials: where they come from, that they are asked for once, and what to do where there are none.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, SharedCredentialsProvider, future};
use aws_sdk_sts::config::SharedHttpClient;
use cwl2le_forwarder::secret::redact_uuids;
use cwl2le_forwarder::secret::redactor;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::error::{NO_CREDENTIALS, root_cause};
use super::profile::Profile;
use super::{AwsError, Options};
use crate::error::{Code, Error, did_you_mean_or};
use crate::stack::Region;

/// Credentials that end sooner than this are fetched again.
const MARGIN: Duration = Duration::from_secs(60);
/// Maximum number of attempts to read an answer of the instance metadata. Where nobody answers, there is only one.
const INSTANCE_ATTEMPTS: u32 = 3;

/// Credentials that are fetched once, and again shortly before they end. Clones share them.
///
/// Who gives them may ask a person first (`credential_process`), which takes longer than any call of AWS may. So
/// nothing but `limit` cuts that off, and whoever needs credentials meanwhile waits for the same answer.
#[derive(Debug, Clone)]
pub(super) struct Kept(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: SharedCredentialsProvider,
    limit: Duration,
    latest: Mutex<Latest>,
}

#[derive(Debug, Default)]
struct Latest {
    found: Option<Credentials>,
    failed: Option<(Instant, CredentialsError)>,
}

impl Kept {
    pub(super) fn new(source: SharedCredentialsProvider, limit: Duration) -> Self {
        Self(Arc::new(Inner { source, limit, latest: Mutex::default() }))
    }

    /// The credentials.
    ///
    /// # Errors
    ///
    /// Why there are none. Whoever waited while fetching them failed gets that error, and does not ask again.
    pub(super) async fn get(&self) -> Result {
        let asked = Instant::now();
        let Inner { source, limit, latest } = &*self.0;
        let mut latest = latest.lock().await;
        if let Some(found) = latest.found.as_ref().filter(|found| lasts(found, MARGIN)) {
            return Ok(found.clone());
        }
        if let Some((_, error)) = latest.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(again(error));
        }
        let fetched = timeout(*limit, source.provide_credentials()).await;
        match fetched.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(*limit))) {
            Ok(found) => Ok(latest.found.insert(found).clone()),
            // What is known is good enough while it lasts.
            Err(error) => match latest.found.as_ref().filter(|found| lasts(found, Duration::ZERO)) {
                Some(found) => Ok(found.clone()),
                None => {
                    latest.failed = Some((Instant::now(), again(&error)));
                    Err(error)
                }
            },
        }
    }
}

fn lasts(credentials: &Credentials, margin: Duration) -> bool {
    credentials.expiry().is_none_or(|end| end > SystemTime::now() + margin)
}

/// The same error once more.
fn again(error: &CredentialsError) -> CredentialsError {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(root_cause(error)),
        _ => CredentialsError::provider_error(root_cause(error)),
    }
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

/// Fixed credentials.
pub(super) fn fixed(id: &str, secret: &str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(id, secret, None, None, "cwl2le"))
}

/// Where the credentials come from: fixed ones, a profile that is named by flag, else the places of the AWS CLI. Without
/// a region, those that AWS gives in exchange for others cannot be had.
pub(super) async fn source(
    options: &Options,
    profile: &Profile,
    region: Option<&Region>,
    http: SharedHttpClient,
    timeouts: TimeoutConfig,
) -> SharedCredentialsProvider {
    if let Some(keys) = &options.keys {
        return fixed(&keys.id, &keys.secret);
    }
    let config = ProviderConfig::without_region()
        .with_region(region.map(|region| aws_config::Region::new(region.to_string())))
        .with_http_client(http)
        .with_retry_config(RetryConfig::standard())
        .with_timeout_config(timeouts)
        .with_use_fips(profile.is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"))
        .with_use_dual_stack(profile.is_on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
    if let Some(name) = &options.profile {
        let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(name);
        return learned(provider.build());
    }
    // On a laptop nobody answers at the address of the instance metadata: that is not waited for long, nor tried again.
    let instance = aws_config::imds::Client::builder()
        .configure(&config)
        .max_attempts(INSTANCE_ATTEMPTS)
        .connect_timeout(Duration::from_millis(500))
        .read_timeout(Duration::from_secs(1))
        .build();
    let chain = DefaultCredentialsChain::builder().configure(config).imds_client(instance);
    learned(chain.build().await)
}

/// Minimum length of a secret of AWS, in characters: a secret access key has 40. Those of a local AWS are words, such
/// as `test`.
const SHORTEST: usize = 16;

/// Credentials that the redactor knows: AWS quotes the whole request, session token included, where a signature is
/// wrong.
#[derive(Debug)]
struct Learned<P>(P);

pub(super) fn learned(provider: impl ProvideCredentials + 'static) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Learned(provider))
}

impl<P: ProvideCredentials> ProvideCredentials for Learned<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let found = self.0.provide_credentials().await?;
            let secrets = [found.secret_access_key()].into_iter().chain(found.session_token());
            redactor::learn_all(secrets.filter(|secret| secret.len() >= SHORTEST));
            Ok(found)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.fallback_on_interrupt()
    }
}

/// Why there are no credentials, and what to do: the profile tells more than the table of hints knows.
pub(super) fn explain(error: AwsError, profile: &Profile, flag: Option<&str>) -> Error {
    if profile.is_missing(flag) {
        return no_such_profile(profile);
    }
    // Nothing was asked of AWS, and why each place had none is the SDK's business.
    if error.code == NO_CREDENTIALS {
        return none(profile, flag);
    }
    let hint = remedy(profile);
    let error = Error::from(error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The error for a profile that the files do not have.
pub(super) fn no_such_profile(profile: &Profile) -> Error {
    let name = profile.name();
    let known = profile.names();
    let hint = match known[..] {
        [] => {
            "no profile is configured on this machine: create one with `aws configure` or `aws configure sso`"
                .to_owned()
        }
        _ => did_you_mean_or(name, "the profiles are", known),
    };
    // It may be a token in the wrong place.
    let message = format!("there is no AWS profile `{}`", redact_uuids(name));
    Error::new(Code::NoCredentials, message).hint(redact_uuids(&hint))
}

/// Variables of places that give credentials.
const VARIABLES: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];
/// Keys of a profile that give credentials or lead to some.
const KEYS: [&str; 7] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "sso_session",
    "sso_start_url",
];

/// The error for credentials that are missing, if they are: for a run that lacks something else and would not ask for
/// them yet. Nobody is asked for a password or a code here: what is configured counts as being there.
pub(super) async fn missing(
    options: &Options,
    profile: &Profile,
    http: SharedHttpClient,
    timeouts: TimeoutConfig,
) -> Option<Error> {
    let flag = options.profile.as_deref();
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_configured = options.keys.is_some()
        || (flag.is_none() && VARIABLES.iter().any(is_set))
        || KEYS.iter().any(|key| profile.in_chain(key).is_some());
    if is_configured {
        return None;
    }
    // What is left is the metadata of an instance of AWS.
    let source = source(options, profile, None, http, timeouts).await;
    source.provide_credentials().await.err().map(|_| none(profile, flag))
}

fn remedy(profile: &Profile) -> Option<String> {
    let name = redact_uuids(profile.name());
    if let Some((of, _)) = profile.in_chain("mfa_serial") {
        let of = redact_uuids(of);
        return Some(format!(
            "the profile `{of}` needs an MFA code (mfa_serial), which cwl2le does not ask for: run `eval \"$(aws configure \
             export-credentials --profile {name} --format env)\"`, then the same command without --profile"
        ));
    }
    let ways = [
        ("login_session", format!("sign in again with `aws login --profile {name}`")),
        ("sso_session", format!("sign in again with `aws sso login --profile {name}`")),
        ("sso_start_url", format!("sign in again with `aws sso login --profile {name}`")),
        (
            "credential_process",
            format!("run the credential_process of the profile `{name}` by itself to see why it fails"),
        ),
    ];
    ways.into_iter().find_map(|(key, way)| profile.in_chain(key).map(|_| way))
}

/// The error for credentials that no place has.
fn none(profile: &Profile, flag: Option<&str>) -> Error {
    let name = redact_uuids(profile.name());
    let message = match flag {
        Some(_) => format!("the AWS profile `{name}` has no credentials"),
        None => format!(
            "no AWS credentials found: none in the environment, none in the profile `{name}`, and this is no \
             container or instance of AWS that has any"
        ),
    };
    Error::new(Code::NoCredentials, message).hint(
        "sign in with `aws configure`, `aws login` or `aws sso login`; or choose a profile with --profile; or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    )
}
