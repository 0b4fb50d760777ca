//! Texts that AWS keeps: parameters of SSM Parameter Store, secrets of Secrets Manager.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Arn, Aws, AwsError, Call, Cause, Service};

/// A text to read, and how its keeper is asked. Both speak AWS's JSON protocol.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    name: &'a str,
    /// Whose API.
    pub service: Service,
    /// The operation by AWS's name for it.
    pub operation: &'static str,
    headers: [(HeaderName, HeaderValue); 2],
    body: Value,
    /// Where the text is in the answer.
    place: &'static str,
}

impl<'a> Text<'a> {
    /// A parameter of SSM Parameter Store, decrypted, by its name or ARN, with `:VERSION` or `:LABEL` behind it if
    /// wanted.
    pub fn parameter(name: &'a str) -> Self {
        let body = json!({ "Name": name, "WithDecryption": true });
        Self::new(Service::Ssm, name, ("GetParameter", "AmazonSSM.GetParameter"), body, "/Parameter/Value")
    }

    /// The current text of a secret of Secrets Manager, by its name or ARN.
    pub fn secret(name: &'a str) -> Self {
        let operation = ("GetSecretValue", "secretsmanager.GetSecretValue");
        Self::new(Service::SecretsManager, name, operation, json!({ "SecretId": name }), "/SecretString")
    }

    fn new(
        service: Service,
        name: &'a str,
        (operation, target): (&'static str, &'static str),
        body: Value,
        place: &'static str,
    ) -> Self {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")),
            (HeaderName::from_static("x-amz-target"), HeaderValue::from_static(target)),
        ];
        Self { name, service, operation, headers, body, place }
    }

    /// The call that asks for it.
    pub fn call(&self) -> Call<'_> {
        Call {
            service: self.service,
            operation: self.operation,
            resource: self.name,
            region: Arn::region_of(self.name),
            host: None,
            method: Method::POST,
            path: "/",
            headers: &self.headers,
            body: Bytes::from(self.body.to_string()),
        }
    }

    /// The text in an answer.
    ///
    /// # Errors
    /// What the answer lacks. A secret of bytes has no text.
    pub fn in_answer(&self, answer: &[u8]) -> Result<String, &'static str> {
        let mut answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        match answer.pointer_mut(self.place).map(Value::take) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.place),
        }
    }
}

impl Aws {
    /// Reads a text.
    ///
    /// # Errors
    /// Those of [`Aws::call`]; a secret of bytes instead of text.
    pub async fn text(&self, text: Text<'_>, until: Instant) -> Result<String, AwsError> {
        let call = text.call();
        let answer = self.call(&call, until).await?;
        text.in_answer(&answer.body).map_err(|place| call.failed(Cause::Unexpected(place)))
    }
}
