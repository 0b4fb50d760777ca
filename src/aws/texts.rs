//! Texts in SSM Parameter Store and Secrets Manager, read with the rights of the caller.
//!
//! The SDK's clients of the two services are larger than everything else here together. So the requests are the
//! forwarder's, and they go the way of all others.

use std::error::Error as StdError;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use cwl2le_forwarder::aws::{self as forwarder, Cause};
use cwl2le_forwarder::secret::Store;
use cwl2le_forwarder::secret::reader::{Reader, Reading, request};
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{INVALID_RESPONSE, Operation};
use super::{Aws, AwsError, Session};

/// Maximum time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(30);

/// A store with all texts that are referred to, each read once. A forwarder that runs here reads them again with it.
///
/// # Errors
///
/// Why the first of them cannot be read.
pub(crate) async fn store<'r>(
    session: &Arc<Session>,
    references: impl IntoIterator<Item = &'r Reference>,
) -> Result<Store, AwsError> {
    let names: std::collections::BTreeSet<(Keeper, &String)> =
        references.into_iter().map(|reference| (reference.keeper, &reference.name)).collect();
    let reads = names.into_iter().map(|(keeper, name)| async move {
        let text = read((&**session).into(), keeper, name).await?;
        Ok::<_, AwsError>(((keeper, name.clone()), text))
    });
    Ok(Store::of(try_join_all(reads).await?, Caller(Arc::clone(session))))
}

/// Reads one text.
async fn read(aws: Aws<'_>, keeper: Keeper, name: &str) -> Result<String, AwsError> {
    let text = request(keeper, name);
    let (service, operation) = (text.service.signing_name(), text.operation);
    let answer = aws.call(service, operation, name, || exchange(aws.session, text.call())).await?;
    text.in_answer(&answer).map_err(|place| {
        let operation = Operation { service, name: operation, resource: name };
        AwsError::new(operation, INVALID_RESPONSE, format!("the answer has no {place}"))
    })
}

/// One attempt.
pub(crate) async fn exchange(
    session: &Session,
    call: forwarder::Call<'_>,
) -> Result<Bytes, SdkError<Refused, HttpResponse>> {
    let credentials = session.credentials().get().await.map_err(SdkError::construction_failure)?;
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(session.time());
    let request = session.signer(credentials).sign(&call, now).map_err(SdkError::construction_failure)?;
    let request =
        HttpRequest::try_from(request.map(SdkBody::from)).map_err(SdkError::construction_failure)?;
    let answered = async {
        let mut response = session.connector().call(request).await.map_err(SdkError::dispatch_failure)?;
        let body = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
        match body.collect().await {
            Ok(body) => Ok((response, body.into_bytes())),
            Err(error) => Err(SdkError::response_error(error, response)),
        }
    };
    let answered = timeout(session.attempt(ATTEMPT), pin!(answered)).await;
    let (response, body) = answered.map_err(SdkError::timeout_error)??;
    if response.status().is_success() {
        return Ok(body);
    }
    let (code, message) = forwarder::said(response.headers().get("x-amzn-errortype"), &body);
    let said = ErrorMetadata::builder();
    let said = if code.is_empty() { said } else { said.code(code) };
    let said = if message.is_empty() { said } else { said.message(message) };
    Err(SdkError::service_error(Refused(said.build()), response))
}

/// An error that the service answers with.
#[derive(Debug)]
pub(crate) struct Refused(ErrorMetadata);

impl ProvideErrorMetadata for Refused {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Refused {}

/// Whoever runs the command, as a forwarder reads with its role.
struct Caller(Arc<Session>);

impl Reader for Caller {
    fn read<'r>(&'r self, keeper: Keeper, name: &'r str, until: Instant) -> Reading<'r> {
        Box::pin(async move {
            let read = timeout_at(until, read((&*self.0).into(), keeper, name)).await;
            let text = request(keeper, name);
            let failed = |code: String, message: String| forwarder::AwsError {
                service: text.service.signing_name(),
                operation: text.operation,
                resource: name.to_owned(),
                cause: Cause::Refused { status: 0, code, message },
            };
            match read {
                Ok(Ok(text)) => Ok(text),
                Ok(Err(error)) => Err(failed(error.code, error.message)),
                Err(_) => Err(failed("Timeout".to_owned(), "it takes too long".to_owned())),
            }
        })
    }
}
