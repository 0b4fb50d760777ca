//! One signed request to a service that no client of the SDK is here for, and its answer.
//!
//! Such a client is larger than the few calls that are made of its service: that of CloudWatch alone takes as long to
//! build as that of Kinesis. So the requests are signed as the forwarder signs its own, and they go the way of all
//! others.

use std::error::Error as StdError;
use std::fmt;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sts::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use cwl2le_forwarder::aws as forwarder;
use tokio::time::timeout;

use super::{Session, trace};

/// Maximum time for one attempt.
const ATTEMPT: Duration = Duration::from_secs(30);

/// The answer to a request that succeeded.
#[derive(Debug)]
pub(crate) struct Answered {
    /// Its headers.
    pub(crate) headers: Headers,
    /// Its body.
    pub(crate) body: Bytes,
}

/// One attempt.
pub(crate) async fn exchange(
    session: &Session,
    call: forwarder::Call<'_>,
) -> Result<Answered, SdkError<Refused, HttpResponse>> {
    let credentials = session.credentials().get().await.map_err(SdkError::construction_failure)?;
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(session.time());
    let request = session.signer(credentials).sign(&call, now).map_err(SdkError::construction_failure)?;
    let request =
        HttpRequest::try_from(request.map(SdkBody::from)).map_err(SdkError::construction_failure)?;
    let answered = async {
        let mut response = session.connector().call(request).await.map_err(SdkError::dispatch_failure)?;
        trace::note(&response);
        let body = ByteStream::new(std::mem::replace(response.body_mut(), SdkBody::taken()));
        match body.collect().await {
            Ok(body) => Ok((response, body.into_bytes())),
            Err(error) => Err(SdkError::response_error(error, response)),
        }
    };
    let answered = timeout(session.attempt(ATTEMPT), pin!(answered)).await;
    let (response, body) = answered.map_err(SdkError::timeout_error)??;
    if response.status().is_success() {
        return Ok(Answered { headers: response.headers().clone(), body });
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
