//! The test invocation: does the function start, with its configuration, its secrets and its role?

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};

use super::function::SERVICE;
use super::start_reason::{Failed, error};
use crate::aws::call::Stopped;
use crate::aws::error::Operation;
use crate::aws::error_table;
use crate::aws::retry::Waiting;
use crate::aws::{Aws, AwsError, Notice};
use crate::error::Result;

/// What the forwarder takes for the question whether it could start now: a batch of Kinesis without records.
const EMPTY_BATCH: &str = r#"{"Records":[]}"#;
/// Maximum time for an answer, in place of that of other calls. A function may be given 15 minutes, but its start ends
/// after ten seconds, and Lambda tries it twice.
const ANSWER: Duration = Duration::from_secs(60);

/// Invokes the function once with an empty batch, which delivers nothing and writes nothing but a line to the
/// function's log. The forwarder reads its configuration, and once more every secret that this refers to.
///
/// # Errors
///
/// [`Code::CannotStart`](crate::error::Code::CannotStart) with the reason where it does not start, after waiting for
/// what IAM may not show to every service yet; whatever `lambda:InvokeFunction` fails with.
pub(crate) async fn start_function(aws: Aws<'_>, name: &str) -> Result<()> {
    let operation = Operation { service: SERVICE, name: "Invoke", resource: name };
    let mut retrying: Option<Waiting> = None;
    loop {
        let Some(failed) = failure(&invoke(aws, name).await?) else { return Ok(()) };
        let as_call = AwsError::new(operation, &failed.kind, &failed.message);
        let Some(retry) = error_table::retry(&as_call, None) else {
            return Err(error(name, &failed, &aws.session.show_log("10m")));
        };
        let before = retrying.take();
        let budget = retry.cause.budget(true);
        let waiting = retrying.insert(Waiting::for_cause(before, retry, budget));
        let (pause, elapsed) = (waiting.pause(), waiting.elapsed());
        if elapsed + pause > budget.total.min(aws.session.patience()) {
            return Err(error(name, &failed, &aws.session.show_log("10m")));
        }
        (aws.notice)(Notice::Waiting { why: retry.why, elapsed });
        aws.rest(pause).await.map_err(|Stopped| AwsError::interrupted(operation))?;
    }
}

async fn invoke(aws: Aws<'_>, name: &str) -> Result<InvokeOutput, AwsError> {
    let lambda = aws.session.lambda();
    aws.call(SERVICE, "Invoke", name, || {
        let answer = ANSWER.min(aws.session.patience());
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(answer).build();
        lambda
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::RequestResponse)
            .log_type(LogType::Tail)
            .payload(Blob::new(EMPTY_BATCH))
            .customize()
            .config_override(aws_sdk_lambda::config::Builder::new().timeout_config(timeouts))
            .send()
    })
    .await
}

/// Why the invocation failed, where it did.
fn failure(answer: &InvokeOutput) -> Option<Failed> {
    answer.function_error.as_ref()?;
    let payload = answer.payload.as_ref().map(|payload| payload.as_ref()).unwrap_or_default();
    Some(Failed::read(payload, answer.log_result.as_deref().unwrap_or_default()))
}
