//! A call of a service that speaks AWS's JSON protocol and that no client of the SDK is here for.

use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::Value;

use super::error::{INVALID_RESPONSE, Operation};
use super::exchange::exchange;
use super::{Aws, AwsError};

/// Such a service, as botocore's models describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Api {
    service: Service,
    /// What stands before the operation in `X-Amz-Target`.
    target: &'static str,
    /// The content type, with the version of the protocol.
    content_type: &'static str,
}

const JSON_1_0: &str = "application/x-amz-json-1.0";
const JSON_1_1: &str = "application/x-amz-json-1.1";

/// Systems Manager.
pub(crate) const SSM: Api = Api { service: Service::Ssm, target: "AmazonSSM", content_type: JSON_1_1 };
/// Secrets Manager.
pub(crate) const SECRETS_MANAGER: Api =
    Api { service: Service::SecretsManager, target: "secretsmanager", content_type: JSON_1_1 };
/// Key Management Service.
pub(crate) const KMS: Api = Api { service: Service::Kms, target: "TrentService", content_type: JSON_1_1 };
/// CloudTrail.
pub(crate) const CLOUDTRAIL: Api = Api {
    service: Service::CloudTrail,
    target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    content_type: JSON_1_1,
};
/// CloudWatch.
pub(crate) const CLOUDWATCH: Api =
    Api { service: Service::CloudWatch, target: "GraniteServiceVersion20100801", content_type: JSON_1_0 };
/// The Resource Groups Tagging API.
pub(crate) const TAGGING: Api =
    Api { service: Service::Tagging, target: "ResourceGroupsTaggingAPI_20170126", content_type: JSON_1_1 };

impl Aws<'_> {
    /// Makes such a call, as [`Aws::call`] does, in a region if it is not the session's, and reads the answer.
    ///
    /// # Errors
    ///
    /// Those of [`Aws::call`]; [`INVALID_RESPONSE`] for an answer that is no JSON.
    pub(crate) async fn ask(
        &self,
        api: Api,
        operation: &'static str,
        resource: &str,
        region: Option<&str>,
        body: &Value,
    ) -> Result<Value, AwsError> {
        let answer = self.send(api, operation, resource, region, body).await?;
        read(api, operation, resource, &answer)
    }

    /// The same for a call that only does something: its answer may be empty.
    ///
    /// # Errors
    ///
    /// As [`Aws::ask`].
    pub(crate) async fn tell(
        &self,
        api: Api,
        operation: &'static str,
        resource: &str,
        body: &Value,
    ) -> Result<(), AwsError> {
        let answer = self.send(api, operation, resource, None, body).await?;
        if answer.trim_ascii().is_empty() {
            return Ok(());
        }
        // The page of a proxy is no answer of AWS.
        read(api, operation, resource, &answer).map(drop)
    }

    async fn send(
        &self,
        api: Api,
        operation: &'static str,
        resource: &str,
        region: Option<&str>,
        body: &Value,
    ) -> Result<Bytes, AwsError> {
        let aws = self;
        let target = HeaderValue::from_str(&format!("{}.{operation}", api.target));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(api.content_type)),
            (HeaderName::from_static("x-amz-target"), target.unwrap_or(HeaderValue::from_static(""))),
        ];
        let call = Call {
            service: api.service,
            operation,
            resource,
            region,
            host: None,
            method: Method::POST,
            path: "/",
            headers: &headers,
            body: Bytes::from(body.to_string()),
        };
        let service = api.service.iam_name();
        Ok(aws.call(service, operation, resource, || exchange(aws.session, call.clone())).await?.body)
    }
}

#[expect(clippy::result_large_err, reason = "an error is made once, and right before the program ends")]
fn read(api: Api, operation: &'static str, resource: &str, answer: &[u8]) -> Result<Value, AwsError> {
    serde_json::from_slice(answer).map_err(|_| {
        let operation = Operation { service: api.service.iam_name(), name: operation, resource };
        AwsError::new(operation, INVALID_RESPONSE, "the answer is not JSON".to_owned())
    })
}
