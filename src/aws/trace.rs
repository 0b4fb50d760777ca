//! What `-v` shows of each request to AWS: a line with its answer; and with `-vv` why and how long calls wait.

use std::cell::RefCell;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tracing::{debug, info};

use super::AwsError;
use super::error::Operation;
use super::retry::Cause;

tokio::task_local! {
    /// The answer to the request that is on its way in this task.
    static ANSWER: RefCell<Option<Answer>>;
}

/// What an answer says of itself, whatever is in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: u16,
    request_id: Option<String>,
}

/// Notes the answer to the request that is on its way. Outside of [`watched`], as for credentials, nothing is noted.
pub(super) fn note(response: &HttpResponse) {
    let id = ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| response.headers().get(*name));
    let answer = Answer { status: response.status().as_u16(), request_id: id.map(ToOwned::to_owned) };
    let _ = ANSWER.try_with(|noted| *noted.borrow_mut() = Some(answer));
}

/// Sends a request, and returns what [`note`] noted besides.
pub(super) async fn watched<T>(send: impl Future<Output = T>) -> (T, Option<Answer>) {
    let watched = async {
        let result = send.await;
        (result, ANSWER.with(|noted| noted.borrow_mut().take()))
    };
    ANSWER.scope(RefCell::new(None), watched).await
}

/// One attempt of a call that AWS answered, or that failed with `error`.
pub(super) fn attempt(
    operation: Operation<'_>,
    attempt: u32,
    took: Duration,
    answer: Option<&Answer>,
    error: Option<&AwsError>,
) {
    let Operation { service, name, resource } = operation;
    let (error, milliseconds) = (error.map(|error| error.code.as_str()), took.as_millis());
    let status = answer.map(|answer| answer.status);
    let request_id = answer.and_then(|answer| answer.request_id.as_deref());
    info!(resource, attempt, milliseconds, status, error, request_id, "{service}:{name}");
}

/// A call that waits for its turn, so that AWS's quotas are kept.
pub(super) fn paced(operation: Operation<'_>, pause: Duration) {
    let Operation { service, name, resource } = operation;
    if !pause.is_zero() {
        debug!(resource, pause_milliseconds = pause.as_millis(), "paced {service}:{name}");
    }
}

/// A call that is made again.
pub(super) fn retried(operation: Operation<'_>, cause: Cause, why: &str, pause: Duration) {
    let Operation { service, name, resource } = operation;
    let pause_milliseconds = pause.as_millis();
    debug!(resource, ?cause, why, pause_milliseconds, "retry {service}:{name}");
}

/// A resource that is looked at again after a pause, because it is not ready.
pub(super) fn waited(resource: &str, why: &str, elapsed: Duration, pause: Duration) {
    let (elapsed_milliseconds, pause_milliseconds) = (elapsed.as_millis(), pause.as_millis());
    debug!(resource, why, elapsed_milliseconds, pause_milliseconds, "not ready");
}

/// A request that no verb makes, but the SDK for credentials. Of its address only the host is shown.
pub(super) fn credentials(uri: &str, took: Duration, status: Option<u16>) {
    if ANSWER.try_with(|_| ()).is_ok() {
        return;
    }
    let host =
        uri.split_once("://").map_or(uri, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    info!(host, milliseconds = took.as_millis(), status, "credentials");
}
