//! One invocation, and what comes back of it.

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::function::SERVICE;
use super::start_reason::Failed;
use crate::aws::{Aws, AwsError};

/// What an invocation ended with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Invoked {
    /// Why it failed, where it did.
    pub(crate) failed: Option<Failed>,
    /// What the function answered.
    pub(crate) answer: Value,
    /// The end of its log: up to 4 KB.
    pub(crate) tail: String,
    /// The version that ran: a number or `$LATEST`.
    pub(crate) version: Option<String>,
}

/// Invokes a function with an event and waits for its answer, for at most `limit`.
pub(crate) async fn invoke(
    aws: Aws<'_>,
    name: &str,
    event: &str,
    limit: Duration,
) -> Result<Invoked, AwsError> {
    let lambda = aws.session.lambda();
    let answer = aws.call(SERVICE, "Invoke", name, || {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(limit).build();
        lambda
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::RequestResponse)
            .log_type(LogType::Tail)
            .payload(Blob::new(event))
            .customize()
            .config_override(aws_sdk_lambda::config::Builder::new().timeout_config(timeouts))
            .send()
    });
    Ok(read(&answer.await?))
}

fn read(answer: &InvokeOutput) -> Invoked {
    let payload = answer.payload.as_ref().map(AsRef::as_ref).unwrap_or_default();
    let log = answer.log_result.as_deref().unwrap_or_default();
    let tail = STANDARD.decode(log).unwrap_or_default();
    Invoked {
        failed: answer.function_error.as_ref().map(|_| Failed::read(payload, log)),
        answer: serde_json::from_slice(payload).unwrap_or_default(),
        tail: String::from_utf8_lossy(&tail).into_owned(),
        version: answer.executed_version.clone(),
    }
}
