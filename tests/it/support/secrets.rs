//! Parameters, secrets and keys of the local AWS, by the forwarder's own client.

use std::time::Duration;

use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::World;

const PATIENCE: Duration = Duration::from_secs(60);

/// A call that writes to one of the stores. Returns the answer.
pub(crate) async fn write(world: &World, service: Service, operation: &'static str, body: Value) -> Value {
    let prefix = match service {
        Service::Ssm => "AmazonSSM",
        Service::Kms => "TrentService",
        _ => "secretsmanager",
    };
    let target = HeaderValue::from_str(&format!("{prefix}.{operation}")).expect("a header");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1")),
        (HeaderName::from_static("x-amz-target"), target),
    ];
    let call = Call {
        service,
        operation,
        resource: "the store",
        region: None,
        host: None,
        method: Method::POST,
        path: "/",
        headers: &headers,
        body: Bytes::from(body.to_string()),
    };
    let answer = world.forwarder_aws().call(&call, Instant::now() + PATIENCE).await.expect("written");
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Writes a parameter that is encrypted with AWS's own key.
pub(crate) async fn put_parameter(world: &World, name: &str, value: &str) {
    let parameter = json!({"Name": name, "Type": "SecureString", "Value": value, "Overwrite": true});
    write(world, Service::Ssm, "PutParameter", parameter).await;
}
