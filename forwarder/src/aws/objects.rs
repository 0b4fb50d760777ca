//! Objects of S3.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use super::{Aws, AwsError, Call, Service};

/// What is put, and where.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// The bucket, in the region of the function.
    pub bucket: &'a str,
    /// The account that the bucket has to belong to, 12 digits: S3 refuses the object with `AccessDenied` otherwise. A
    /// bucket that was deleted may have been created again by somebody else.
    pub owner: Option<&'a str>,
    /// The key: letters, digits, `-`, `_`, `.`, `=` and `/`.
    pub key: &'a str,
    /// Names and values of user-defined metadata, in printable ASCII; 2 KB in all.
    pub metadata: &'a [(&'static str, String)],
    /// What it holds.
    pub body: Bytes,
}

impl Aws {
    /// Puts an object, instead of one that is there.
    ///
    /// # Errors
    /// Those of [`Aws::call`].
    pub async fn put_object(&self, object: Object<'_>, until: Instant) -> Result<(), AwsError> {
        // S3 compares it; a bucket with Object Lock wants one.
        let checksum = STANDARD.encode(digest(&SHA256, &object.body));
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let mut headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (HeaderName::from_static("x-amz-checksum-sha256"), value(&checksum)),
        ];
        let owner = object.owner.map(value);
        headers.extend(owner.map(|owner| (HeaderName::from_static("x-amz-expected-bucket-owner"), owner)));
        headers.extend(object.metadata.iter().filter_map(|(name, text)| {
            Some((HeaderName::try_from(format!("x-amz-meta-{name}")).ok()?, value(text)))
        }));
        let key = object.key.replace('=', "%3D");
        // A name with dots fits no certificate as a part of the host, and other places have just one host.
        let in_host = !self.signer.endpoints.is_given(Service::S3) && !object.bucket.contains('.');
        let path = if in_host { format!("/{key}") } else { format!("/{}/{key}", object.bucket) };
        let call = Call {
            service: Service::S3,
            operation: "PutObject",
            resource: &format!("s3://{}/{}", object.bucket, object.key),
            region: None,
            host: in_host.then_some(object.bucket),
            method: Method::PUT,
            path: &path,
            headers: &headers,
            body: object.body,
        };
        self.call(&call, until).await.map(drop)
    }
}
