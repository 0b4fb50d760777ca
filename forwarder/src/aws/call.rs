//! The few calls of AWS that the function makes itself: signed, retried, with errors that say what to look at.
//!
//! Not the SDK: its clients would make the function several times as large and slower to start. Nothing here is
//! made in a function that needs no such call.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use tokio::time::Instant;

use super::endpoint::{EndpointKind, Endpoints, Service};
use super::error::{AwsError, Cause};
use crate::net::http::{Answer, Client};

/// Maximum time for one attempt. A second attempt often reaches another machine.
const PATIENCE: Duration = Duration::from_secs(3);
/// Maximum pause before the second attempt. It doubles with each attempt after that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Maximum pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// AWS as the function's own role, in the function's own region.
#[derive(Clone, Debug)]
pub struct Aws {
    client: Client,
    pub(super) signer: Signer,
}

/// Makes requests of calls: as one identity, from one region.
#[derive(Clone, Debug)]
pub struct Signer {
    identity: Identity,
    region: String,
    pub(super) endpoints: Endpoints,
}

/// One call. What it is and on what is for errors, the rest goes over the wire.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Whose API.
    pub service: Service,
    /// The operation by AWS's name for it, such as `GetParameter`.
    pub operation: &'static str,
    /// The resource, as the operator knows it.
    pub resource: &'a str,
    /// The region, where it is not the function's own.
    pub region: Option<&'a str>,
    /// What stands before the host of the service: a bucket.
    pub host: Option<&'a str>,
    /// The method.
    pub method: Method,
    /// The path, percent-encoded, from `/` on.
    pub path: &'a str,
    /// Headers besides those of the signature.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// The body.
    pub body: Bytes,
}

impl Aws {
    /// Reads what Lambda puts into a function's environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`, `AWS_REGION`; and `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>` where they are set.
    ///
    /// # Errors
    /// The variable that is missing.
    pub fn new(client: Client, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let needed = |name: &str| {
            variable(name).ok_or_else(|| {
                format!("the environment variable {name} is not set; Lambda sets it for a function")
            })
        };
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID")?,
            needed("AWS_SECRET_ACCESS_KEY")?,
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        Ok(Self { client, signer: Signer::new(credentials, needed("AWS_REGION")?, Endpoints::new(variable)) })
    }

    /// The same with AWS's own endpoints of this kind, if it is not the usual one.
    #[must_use]
    pub fn of_kind(self, kind: EndpointKind) -> Self {
        let endpoints = self.signer.endpoints.of_kind(kind);
        Self { signer: Signer { endpoints, ..self.signer }, ..self }
    }

    /// Makes a call; again, after a pause, as long as the service is throttling, failing or not there.
    ///
    /// # Errors
    /// What the service refuses, at once; what does not pass before `until`, then, with the last reason that is not the
    /// end of the time itself.
    pub async fn call(&self, call: &Call<'_>, until: Instant) -> Result<Answer, AwsError> {
        let mut pause = FIRST_PAUSE;
        let mut before = None;
        loop {
            let error = match self.attempt(call, until).await {
                Ok(answer) => return Ok(answer),
                Err(cause) if cause.is_deadline() => return Err(before.unwrap_or_else(|| call.failed(cause))),
                Err(cause) => call.failed(cause),
            };
            let after = Instant::now() + pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            if !error.may_pass() || after >= until {
                return Err(error);
            }
            before = Some(error);
            tokio::time::sleep_until(after).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, call: &Call<'_>, until: Instant) -> Result<Answer, Cause> {
        // Signed for each attempt: a signature is good for five minutes, and a function may be frozen for hours.
        let request = self.signer.sign(call, SystemTime::now()).map_err(Cause::Malformed)?;
        let answer = self.client.send(request, PATIENCE, until).await.map_err(Cause::Unreachable)?;
        if answer.status.is_success() { Ok(answer) } else { Err(Cause::refused(&answer)) }
    }
}

impl Call<'_> {
    /// The error of a call that failed for this cause.
    pub(super) fn failed(&self, cause: Cause) -> AwsError {
        let (service, operation) = (self.service.signing_name(), self.operation);
        AwsError { service, operation, resource: self.resource.to_owned(), cause }
    }
}

impl Signer {
    /// A signer with these credentials, for calls to services in this region unless they name another one.
    pub fn new(credentials: Credentials, region: String, endpoints: Endpoints) -> Self {
        Self { identity: credentials.into(), region, endpoints }
    }

    /// The signed request of a call. The signature is good for five minutes.
    ///
    /// # Errors
    /// What cannot stand in a request.
    pub fn sign(&self, call: &Call<'_>, time: SystemTime) -> Result<Request<Bytes>, String> {
        let region = call.region.unwrap_or(&self.region);
        let mut endpoint = self.endpoints.url(call.service, region)?;
        if let Some(host) = call.host {
            endpoint = endpoint.replacen("://", &format!("://{host}."), 1);
        }
        let uri = format!("{endpoint}{}", call.path);
        let mut request = Request::builder().method(&call.method).uri(&uri);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        let mut request = request.body(call.body.clone()).map_err(|error| error.to_string())?;
        let headers =
            call.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = SignableBody::Bytes(&call.body);
        let signable = SignableRequest::new(call.method.as_str(), &uri, headers, body);
        let parameters = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(region)
            .name(call.service.signing_name())
            .time(time)
            .settings(settings(call.service))
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let signed = signable.and_then(|signable| sign(signable, &parameters));
        let (instructions, _) = signed.map_err(|error| error.to_string())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// S3 signs a path as it stands, and wants the hash of the body named.
fn settings(service: Service) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == Service::S3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    settings
}
