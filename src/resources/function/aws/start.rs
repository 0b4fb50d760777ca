//! The test invocation: does the function start, with its configuration, its secrets and its role?

use std::time::Duration;

use super::function::SERVICE;
use super::invoke::invoke;
use super::start_reason::error;
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
    // With an alias or a version behind it, the name is still that of the function.
    let function = name.split(':').next().unwrap_or(name);
    let operation = Operation { service: SERVICE, name: "Invoke", resource: function };
    let mut retrying: Option<Waiting> = None;
    loop {
        let answer = ANSWER.min(aws.session.patience());
        let Some(failed) = invoke(aws, name, EMPTY_BATCH, answer).await?.failed else { return Ok(()) };
        let as_call = AwsError::new(operation, &failed.kind, &failed.message);
        let Some(retry) = error_table::retry(&as_call, None) else {
            return Err(error(function, &failed, &aws.session.show_log("10m")));
        };
        let before = retrying.take();
        let budget = retry.cause.budget(true);
        let waiting = retrying.insert(Waiting::for_cause(before, retry, budget));
        let (pause, elapsed) = (waiting.pause(), waiting.elapsed());
        if elapsed + pause > budget.total.min(aws.session.patience()) {
            return Err(error(function, &failed, &aws.session.show_log("10m")));
        }
        (aws.notice)(Notice::Waiting { why: retry.why, elapsed });
        aws.rest(pause).await.map_err(|Stopped| AwsError::interrupted(operation))?;
    }
}
