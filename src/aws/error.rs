//! AWS errors keep their name.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use cwl2le_forwarder::net::certificate;

use crate::error::AwsError;
use crate::output::visible;

/// The code of a call that never got an answer: DNS, connection, TLS.
pub(crate) const UNREACHABLE: &str = "Unreachable";
/// The code of a call to a server whose certificate is not accepted.
pub(crate) const CERTIFICATE: &str = "BadCertificate";
/// The code of a call whose answer did not come in time.
pub(crate) const TIMEOUT: &str = "Timeout";
/// The code of a call that was not sent, because the user asked to stop.
pub(crate) const INTERRUPTED: &str = "Interrupted";
/// The code of a call that is not repeated any more, because what it needs was deleted.
pub(crate) const VANISHED: &str = "Vanished";
/// The code of a call for which no credentials were found.
pub(crate) const NO_CREDENTIALS: &str = "NoCredentials";
/// The code of a call whose credentials could not be had: expired sign-in, failing credential process.
pub(crate) const FAILED_CREDENTIALS: &str = "FailedCredentials";
/// The code of a call that the SDK refused to build.
pub(crate) const INVALID_REQUEST: &str = "InvalidRequest";
/// The type of error that the forwarder gives, where it starts and finds that it cannot work.
pub(crate) const CANNOT_START: &str = "Cwl2le.InvalidConfiguration";
/// The code of an answer that is not one of AWS.
pub(crate) const INVALID_RESPONSE: &str = "InvalidResponse";

/// Which call: its service and operation by AWS's names, and the resource that errors name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation<'a> {
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) resource: &'a str,
}

impl AwsError {
    /// The failure of a call, without the id of a request.
    pub(crate) fn new(operation: Operation<'_>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            service: operation.service,
            operation: operation.name,
            code: code.into(),
            message: message.into(),
            request_id: None,
            resource: operation.resource.to_owned(),
        }
    }

    /// Reads what AWS said out of an SDK error, by code and message: not every code is modelled on every operation.
    pub(crate) fn from_sdk<E>(operation: Operation<'_>, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let status = http_status(error);
        let (code, message) = match error {
            SdkError::ServiceError(_) => {
                let code = match (error.code(), status) {
                    (Some(code), _) => code.to_owned(),
                    // A success that cannot be read: the login page of a network, or what a proxy made of the answer.
                    (None, Some(200..=299) | None) => INVALID_RESPONSE.to_owned(),
                    (None, Some(status)) => format!("Http{status}"),
                };
                let message = match error.message() {
                    Some(message) => message.to_owned(),
                    None if code == INVALID_RESPONSE => not_of_aws(status, &root_cause(error)),
                    None => "AWS gave no message".to_owned(),
                };
                (code, message)
            }
            SdkError::TimeoutError(_) => (TIMEOUT.to_owned(), root_cause(error)),
            SdkError::DispatchFailure(failure) => {
                if let Some(refusal) = certificate::refusal(error) {
                    (CERTIFICATE.to_owned(), refusal)
                } else {
                    let code = if failure.is_timeout() { TIMEOUT } else { UNREACHABLE };
                    (code.to_owned(), root_cause(error))
                }
            }
            SdkError::ResponseError(_) => {
                (INVALID_RESPONSE.to_owned(), not_of_aws(status, &root_cause(error)))
            }
            _ => (INVALID_REQUEST.to_owned(), root_cause(error)),
        };
        let request_id = error.request_id().map(ToOwned::to_owned);
        Self { request_id, ..Self::new(operation, code, in_one_line(&message)) }
    }

    /// The call that is not made, because there are no credentials to sign it with.
    pub(crate) fn without_credentials(operation: Operation<'_>, error: &CredentialsError) -> Self {
        let cause = root_cause(error);
        let (code, message) = match (error, certificate::refusal(error)) {
            (_, Some(refusal)) => (CERTIFICATE, refusal),
            (CredentialsError::CredentialsNotLoaded(_), None) => (NO_CREDENTIALS, cause),
            // The last place that is asked, on a machine of AWS without a role: nobody has signed in there.
            _ if cause.contains("IMDS is disabled") => (NO_CREDENTIALS, cause),
            _ if is_connection(error) => (UNREACHABLE, cause),
            _ => (FAILED_CREDENTIALS, said(error).unwrap_or(cause)),
        };
        Self::new(operation, code, message)
    }

    /// The call that is not made, because the user asked to stop.
    pub(crate) fn interrupted(operation: Operation<'_>) -> Self {
        Self::new(operation, INTERRUPTED, "stopped before it was done")
    }

    /// The call that failed.
    pub(crate) fn operation(&self) -> Operation<'_> {
        Operation { service: self.service, name: self.operation, resource: &self.resource }
    }

    /// The error of a call that there is no use in repeating, since `what` is there no more.
    pub(crate) fn vanished(self, what: &str) -> Self {
        let said = self.message.trim_end_matches('.');
        let message = format!("{what}, which it needs, was deleted in the meantime; AWS says: {said}");
        Self { code: VANISHED.to_owned(), message, ..self }
    }

    /// Whether AWS answered with one of these codes. Query services send `NoSuchEntity` where JSON ones would send
    /// `NoSuchEntityException`: both match.
    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        let plain = |code: &str| code.strip_suffix("Exception").unwrap_or(code).to_owned();
        codes.iter().any(|code| plain(code) == plain(&self.code))
    }

    /// Whether AWS says that the resource does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.is(&["ResourceNotFoundException", "NoSuchEntity"])
    }
}

/// What AWS says, on one line: a line end in it would begin a line that looks like ours. The environment of a function,
/// which Lambda quotes where it is too large, is left out: it is full of secrets, also of those that are not ours.
fn in_one_line(message: &str) -> String {
    match message.split_once(MEASURED) {
        Some((before, _)) => visible(format!("{}{MEASURED}(not shown)", before)),
        None => visible(message),
    }
}

/// Behind this, Lambda quotes all variables of a function.
const MEASURED: &str = "String measured: ";

fn not_of_aws(status: Option<u16>, why: &str) -> String {
    format!("HTTP {} with a non-AWS body: {why}", status.unwrap_or_default())
}

/// The HTTP status of the answer, where there was one.
pub(crate) fn http_status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The innermost error's text: the outer ones say no more than `dispatch failure`.
pub(super) fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Whether no answer came from whoever gives the credentials.
fn is_connection(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<ConnectorError>())
}

/// What STS says where it gives no credentials of a role: the innermost error of the SDK has no more than its code.
fn said(error: &(dyn StdError + 'static)) -> Option<String> {
    use aws_sdk_sts::operation::assume_role::AssumeRoleError;
    use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| {
        let role = error.downcast_ref::<AssumeRoleError>().map(|error| (error.code(), error.message()));
        let web = || {
            let error = error.downcast_ref::<AssumeRoleWithWebIdentityError>()?;
            Some((error.code(), error.message()))
        };
        let (code, message) = role.or_else(web)?;
        Some(format!("{}: {}", code?, message?))
    })
}

/// Keeps `None` for what does not exist, and the error for everything else.
#[expect(clippy::result_large_err, reason = "an error is made once, and right before the program ends")]
pub(crate) fn found<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes "already gone" for success.
#[expect(clippy::result_large_err, reason = "an error is made once, and right before the program ends")]
pub(crate) fn gone(result: Result<(), AwsError>) -> Result<(), AwsError> {
    found(result).map(|_| ())
}
