//! Texts that AWS keeps: parameters of SSM Parameter Store, secrets of Secrets Manager.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Aws, AwsError, Call, Cause, Service};

/// How one of the two is asked. Both speak AWS's JSON protocol.
struct Question<'a> {
    service: Service,
    operation: &'static str,
    /// The operation as the protocol names it.
    target: &'static str,
    name: &'a str,
    body: Value,
    /// Where the text is in the answer.
    place: &'static str,
}

impl Aws {
    /// The value of a parameter, decrypted, by its name or ARN, with `:VERSION` or `:LABEL` behind it if wanted.
    ///
    /// # Errors
    /// Those of [`Aws::call`].
    pub async fn parameter(&self, name: &str, until: Instant) -> Result<String, AwsError> {
        let question = Question {
            service: Service::Ssm,
            operation: "GetParameter",
            target: "AmazonSSM.GetParameter",
            name,
            body: json!({ "Name": name, "WithDecryption": true }),
            place: "/Parameter/Value",
        };
        self.ask(question, until).await
    }

    /// The current text of a secret, by its name or ARN.
    ///
    /// # Errors
    /// Those of [`Aws::call`]; a secret of bytes instead of text.
    pub async fn secret(&self, name: &str, until: Instant) -> Result<String, AwsError> {
        let question = Question {
            service: Service::SecretsManager,
            operation: "GetSecretValue",
            target: "secretsmanager.GetSecretValue",
            name,
            body: json!({ "SecretId": name }),
            place: "/SecretString",
        };
        self.ask(question, until).await
    }

    async fn ask(&self, question: Question<'_>, until: Instant) -> Result<String, AwsError> {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")),
            (HeaderName::from_static("x-amz-target"), HeaderValue::from_static(question.target)),
        ];
        let call = Call {
            service: question.service,
            operation: question.operation,
            resource: question.name,
            region: region_of(question.name),
            host: None,
            method: Method::POST,
            path: "/",
            headers: &headers,
            body: Bytes::from(question.body.to_string()),
        };
        let answer = self.call(&call, until).await?;
        let mut answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.pointer_mut(question.place).map(Value::take) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Cause::Unexpected(question.place).of(&call)),
        }
    }
}

/// The region that an ARN names.
fn region_of(name: &str) -> Option<&str> {
    name.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}
