//! Why a call failed.

use std::fmt;

use serde_json::Value;

use crate::net::http::Answer;
use crate::net::{Failure, FailureKind};

/// A call that failed. It names service, operation and resource, and never what the resource holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service}:{operation} on {resource} failed: {cause}")]
pub struct AwsError {
    /// The service, as IAM calls it.
    pub service: &'static str,
    /// The operation.
    pub operation: &'static str,
    /// The resource, as the operator knows it.
    pub resource: String,
    /// Why.
    pub cause: Cause,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The service answered with an error.
    Refused {
        /// The status of the answer.
        status: u16,
        /// The service's name for the error, such as `ParameterNotFound`; empty where there is none.
        code: String,
        /// The service's words.
        message: String,
    },
    /// There was no answer.
    Unreachable(Failure),
    /// There was an answer that cannot be understood; the text says which part, and does not quote it.
    Unexpected(&'static str),
    /// The request could not be made.
    Malformed(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, code, .. } if code.is_empty() => write!(f, "HTTP status {status}"),
            Self::Refused { code, message, .. } if message.is_empty() => f.write_str(code),
            Self::Refused { code, message, .. } => write!(f, "{code}: {message}"),
            Self::Unreachable(failure) => failure.fmt(f),
            Self::Unexpected(what) => write!(f, "the answer has no {what}"),
            Self::Malformed(why) => write!(f, "the request cannot be made: {why}"),
        }
    }
}

impl Cause {
    /// The cause that an answer with an error names.
    pub(super) fn refused(answer: &Answer) -> Self {
        let header = answer.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
        let (code, message) = said(header, &answer.body);
        Self::Refused { status: answer.status.as_u16(), code, message }
    }

    /// Whether the time was used up while waiting for an answer.
    pub(super) fn is_deadline(&self) -> bool {
        matches!(self, Self::Unreachable(failure) if failure.kind == FailureKind::Deadline)
    }
}

/// The code and the message of an answer with an error: in JSON, in the header `x-amzn-errortype`, or in the XML of S3.
/// Each is empty where the answer has none.
pub fn said(error_type: Option<&str>, body: &[u8]) -> (String, String) {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let field = |names: &[&str]| names.iter().find_map(|name| json.get(name)?.as_str()).map(str::to_owned);
    let code = field(&["__type", "code"])
        .or_else(|| error_type.map(str::to_owned))
        .or_else(|| element(&text, "Code"))
        .unwrap_or_default();
    // `com.amazonaws.ssm#ParameterNotFound`, `ParameterNotFound:http://...`
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let message = field(&["message", "Message"]).or_else(|| element(&text, "Message")).unwrap_or_default();
    (code.to_owned(), message)
}

/// The text of the first element of a name in a small XML document.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
}

impl AwsError {
    /// Whether the same call may succeed a moment later: throttling, faults of the service and of the network.
    pub fn may_pass(&self) -> bool {
        match &self.cause {
            Cause::Refused { status, code, .. } => {
                *status == 429 || *status >= 500 || THROTTLING.contains(&code.as_str())
            }
            Cause::Unreachable(failure) => failure.kind.is_worth_retrying(),
            Cause::Unexpected(_) | Cause::Malformed(_) => false,
        }
    }

    /// A short name for counts: that of the service, else the kind of failure.
    pub fn name(&self) -> String {
        match &self.cause {
            Cause::Refused { status, code, .. } if code.is_empty() => status.to_string(),
            Cause::Refused { code, .. } => code.clone(),
            Cause::Unreachable(failure) => failure.kind.name().to_owned(),
            Cause::Unexpected(_) | Cause::Malformed(_) => "internal_error".to_owned(),
        }
    }

    /// The service's name for the error; empty where it gave none.
    pub fn code(&self) -> &str {
        match &self.cause {
            Cause::Refused { code, .. } => code,
            _ => "",
        }
    }
}

/// Errors that services send with a status of 400 to 499 and that only mean: later.
const THROTTLING: [&str; 12] = [
    "InternalServiceError",
    "LimitExceededException",
    "OperationAborted",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];
