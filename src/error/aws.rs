//! A failed AWS call.

use std::fmt;

use serde::Serialize;

/// A failed AWS call, with what AWS said. `Display` of an SDK error is just `service error`; this never is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwsError {
    /// The service, such as `kinesis`.
    pub service: &'static str,
    /// The operation, such as `CreateStream`.
    pub operation: &'static str,
    /// The error code, such as `ResourceInUseException`; for calls that never got an answer `Timeout` or `Unreachable`.
    pub code: String,
    /// What AWS says; for calls without an answer the root cause.
    pub message: String,
    /// The request id, for AWS support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Name or ARN of the resource.
    pub resource: String,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, code, message, resource, .. } = self;
        write!(f, "{service}:{operation} on {resource} failed: {code}: {}", message.trim_end_matches('.'))
    }
}

impl std::error::Error for AwsError {}
