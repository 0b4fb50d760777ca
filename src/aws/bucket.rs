//! What is in a bucket.

use std::fmt::Write as _;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use http::{HeaderName, HeaderValue, Method};

use super::error::{INVALID_RESPONSE, Operation};
use super::exchange::exchange;
use super::{Aws, AwsError};

/// Objects of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// When each was written, in milliseconds since 1970, and its bytes, in the order of the keys.
    pub(crate) objects: Vec<(i64, u64)>,
    /// Whether these are all of them.
    pub(crate) is_whole: bool,
}

/// Lists the first thousand objects whose keys begin with `prefix`, by one call. The bucket has to belong to `owner`, an
/// account of 12 digits: one that was deleted may have been created again by somebody else.
///
/// # Errors
///
/// Whatever `s3:ListBucket` fails with; [`INVALID_RESPONSE`] for an answer that is no list.
pub(crate) async fn list_objects(
    aws: Aws<'_>,
    bucket: &str,
    prefix: &str,
    owner: &str,
) -> Result<Listing, AwsError> {
    const OPERATION: &str = "ListObjectsV2";
    let resource = format!("s3://{bucket}/{prefix}");
    let query = format!("?list-type=2&max-keys=1000&prefix={}", encoded(prefix));
    let request = Request { operation: OPERATION, resource: &resource, bucket, owner, method: Method::GET };
    let answer = request.send(aws, &query, Bytes::new()).await?;
    read(&String::from_utf8_lossy(&answer)).ok_or_else(|| {
        let operation = Operation { service: Service::S3.iam_name(), name: OPERATION, resource: &resource };
        AwsError::new(operation, INVALID_RESPONSE, "the answer is not a list of objects".to_owned())
    })
}

/// Writes an object of a few bytes and deletes it, to see whether the bucket takes one. The bucket has to belong to
/// `owner`.
///
/// # Errors
///
/// Whatever `s3:PutObject` or `s3:DeleteObject` fails with.
pub(crate) async fn write_and_delete(
    aws: Aws<'_>,
    bucket: &str,
    key: &str,
    owner: &str,
) -> Result<(), AwsError> {
    let resource = format!("s3://{bucket}/{key}");
    let path: Vec<String> = key.split('/').map(encoded).collect();
    let path = path.join("/");
    let request = |operation, method| Request { operation, resource: &resource, bucket, owner, method };
    let body = Bytes::from_static(b"cwl2le doctor --probe");
    request("PutObject", Method::PUT).send(aws, &path, body).await?;
    request("DeleteObject", Method::DELETE).send(aws, &path, Bytes::new()).await.map(drop)
}

/// A request to S3.
struct Request<'a> {
    operation: &'static str,
    resource: &'a str,
    bucket: &'a str,
    /// The account of 12 digits that the bucket has to belong to.
    owner: &'a str,
    method: Method,
}

impl Request<'_> {
    /// Sends it; `rest` is the key and the query, encoded.
    async fn send(self, aws: Aws<'_>, rest: &str, body: Bytes) -> Result<Bytes, AwsError> {
        let Self { operation, resource, bucket, owner, method } = self;
        // A name with dots fits no certificate as a part of the host, and other places have just one host.
        let in_host = !aws.session.endpoints().is_given(Service::S3) && !bucket.contains('.');
        let path = match (in_host, rest.starts_with('?')) {
            (true, _) => format!("/{rest}"),
            (false, true) => format!("/{bucket}{rest}"),
            (false, false) => format!("/{bucket}/{rest}"),
        };
        let owner = HeaderValue::from_str(owner).unwrap_or(HeaderValue::from_static(""));
        let headers = [(HeaderName::from_static("x-amz-expected-bucket-owner"), owner)];
        let call = Call {
            service: Service::S3,
            operation,
            resource,
            region: None,
            host: in_host.then_some(bucket),
            method,
            path: &path,
            headers: &headers,
            body,
        };
        aws.call(Service::S3.iam_name(), operation, resource, || exchange(aws.session, call.clone())).await
    }
}

/// Percent-encodes what is not unreserved (RFC 3986), as signatures want it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => all.push(byte.into()),
            _ => drop(write!(all, "%{byte:02X}")),
        }
        all
    })
}

/// Reads the few elements that are needed. None of them holds a text that somebody else could put an element into: S3
/// escapes keys.
fn read(document: &str) -> Option<Listing> {
    let (_, list) = document.split_once("<ListBucketResult")?;
    let objects = list.split("<Contents>").skip(1).map(|object| {
        let time = DateTime::from_str(element(object, "LastModified")?, Format::DateTime).ok()?;
        Some((time.to_millis().ok()?, element(object, "Size")?.parse().ok()?))
    });
    let objects = objects.collect::<Option<_>>()?;
    Some(Listing { objects, is_whole: element(list, "IsTruncated") != Some("true") })
}

fn element<'a>(within: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = within.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_anything_else_is_not_taken_for_an_empty_one() {
        let object = "<Contents><Key>a/b</Key><LastModified>2026-11-29T20:00:00.500Z</LastModified><Size>7</Size></Contents>";
        let list = |inside: &str| {
            format!("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\">{inside}</ListBucketResult>")
        };
        let found = read(&list(&format!("<IsTruncated>true</IsTruncated>{object}{object}"))).expect("a list");
        assert_eq!(found, Listing { objects: vec![(1_795_982_400_500, 7); 2], is_whole: false });
        assert_eq!(read(&list("")), Some(Listing { objects: Vec::new(), is_whole: true }));
        assert_eq!(read(&list("<Contents><Size>many</Size></Contents>")), None);
        assert_eq!(read("<html>sign in</html>"), None);
    }

    #[test]
    fn a_prefix_is_encoded() {
        assert_eq!(encoded("a b/c=d-e_f.g~é"), "a%20b%2Fc%3Dd-e_f.g~%C3%A9");
    }
}
