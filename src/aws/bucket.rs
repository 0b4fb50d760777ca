//! What is in a bucket.

use std::fmt::Write as _;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use http::{HeaderName, HeaderValue, Method};

use super::error::{INVALID_RESPONSE, Operation};
use super::exchange::{Answered, exchange};
use super::pages::Tokens;
use super::{Aws, AwsError};

/// An object of a bucket, as a list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its key.
    pub(crate) key: String,
    /// When it was written, in milliseconds since 1970.
    pub(crate) time: i64,
    /// Its size in bytes.
    pub(crate) bytes: u64,
}

/// Objects of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The objects, in the order of their keys.
    pub(crate) objects: Vec<Listed>,
    /// Whether these are all of them.
    pub(crate) is_whole: bool,
    /// Where the list goes on, if it does.
    next: Option<String>,
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
    page(aws, bucket, prefix, owner, None).await
}

/// The same for all objects, a call for every thousand of them.
///
/// # Errors
///
/// As [`list_objects`]; [`INVALID_RESPONSE`] for a list that goes round in a circle, too.
pub(crate) async fn list_all_objects(
    aws: Aws<'_>,
    bucket: &str,
    prefix: &str,
    owner: &str,
) -> Result<Vec<Listed>, AwsError> {
    let resource = format!("s3://{bucket}/{prefix}");
    let (mut all, mut next, mut tokens) = (Vec::new(), None::<String>, Tokens::default());
    loop {
        let listing = page(aws, bucket, prefix, owner, next.as_deref()).await?;
        all.extend(listing.objects);
        next = tokens.next(operation(&resource), listing.next.as_deref())?;
        match (&next, listing.is_whole) {
            (None, true) => return Ok(all),
            (None, false) => return Err(odd(&resource, "the list of objects does not say where it goes on")),
            (Some(_), _) => {}
        }
    }
}

const LIST: &str = "ListObjectsV2";

async fn page(
    aws: Aws<'_>,
    bucket: &str,
    prefix: &str,
    owner: &str,
    next: Option<&str>,
) -> Result<Listing, AwsError> {
    let resource = format!("s3://{bucket}/{prefix}");
    // The names in the order that the signature has them in.
    let token = next.map(|token| format!("continuation-token={}&", encoded(token))).unwrap_or_default();
    let query = format!("?{token}list-type=2&max-keys=1000&prefix={}", encoded(prefix));
    let request = Request::new(LIST, &resource, bucket, Method::GET).of(owner);
    let answer = request.send(aws, &query, Bytes::new()).await?;
    read(&answer.body).ok_or_else(|| odd(&resource, "the answer is not a list of objects"))
}

fn odd(resource: &str, why: &str) -> AwsError {
    AwsError::new(operation(resource), INVALID_RESPONSE, why)
}

fn operation(resource: &str) -> Operation<'_> {
    Operation { service: Service::S3.iam_name(), name: LIST, resource }
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
    let path = path(key);
    let request = |operation, method| Request::new(operation, &resource, bucket, method).of(owner);
    let body = Bytes::from_static(b"cwl2le doctor --probe");
    request("PutObject", Method::PUT).send(aws, &path, body).await?;
    request("DeleteObject", Method::DELETE).send(aws, &path, Bytes::new()).await.map(drop)
}

/// A request to S3.
pub(super) struct Request<'a> {
    operation: &'static str,
    resource: &'a str,
    bucket: &'a str,
    method: Method,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> Request<'a> {
    pub(super) fn new(operation: &'static str, resource: &'a str, bucket: &'a str, method: Method) -> Self {
        Self { operation, resource, bucket, method, headers: Vec::new() }
    }

    /// The same to a bucket that has to belong to this account of 12 digits.
    pub(super) fn of(self, owner: &str) -> Self {
        self.with("x-amz-expected-bucket-owner", owner)
    }

    /// The same with another header. A value that cannot stand in a header is empty, which S3 refuses.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""));
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Sends it; `rest` is the key and the query, encoded.
    pub(super) async fn send(self, aws: Aws<'_>, rest: &str, body: Bytes) -> Result<Answered, AwsError> {
        let Self { operation, resource, bucket, method, headers } = self;
        // A name with dots fits no certificate as a part of the host, and other places have just one host.
        let in_host = !aws.session.endpoints().is_given(Service::S3) && !bucket.contains('.');
        let path = match (in_host, rest.starts_with('?')) {
            (true, _) => format!("/{rest}"),
            (false, true) => format!("/{bucket}{rest}"),
            (false, false) => format!("/{bucket}/{rest}"),
        };
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

/// A key as a path.
pub(super) fn path(key: &str) -> String {
    key.split('/').map(encoded).collect::<Vec<_>>().join("/")
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

/// Reads a list; nothing else is taken for an empty one.
fn read(document: &[u8]) -> Option<Listing> {
    let mut document = Document::try_from(document).ok()?;
    let mut root = document.root_element().ok()?;
    if root.start_el().local() != "ListBucketResult" {
        return None;
    }
    let (mut listing, mut is_truncated) = (Listing::default(), false);
    while let Some(mut tag) = root.next_tag() {
        match tag.start_el().local() {
            "Contents" => listing.objects.push(listed(&mut tag)?),
            "IsTruncated" => is_truncated = try_data(&mut tag).ok()?.trim() == "true",
            "NextContinuationToken" => listing.next = Some(try_data(&mut tag).ok()?.into_owned()),
            _ => {}
        }
    }
    listing.is_whole = !is_truncated;
    listing.next = listing.next.filter(|token| is_truncated && !token.is_empty());
    Some(listing)
}

fn listed(object: &mut ScopedDecoder<'_, '_>) -> Option<Listed> {
    let (mut key, mut time, mut bytes) = (None, None, None);
    while let Some(mut tag) = object.next_tag() {
        match tag.start_el().local() {
            "Key" => key = Some(try_data(&mut tag).ok()?.into_owned()),
            "LastModified" => time = DateTime::from_str(&try_data(&mut tag).ok()?, Format::DateTime).ok(),
            "Size" => bytes = try_data(&mut tag).ok()?.parse().ok(),
            _ => {}
        }
    }
    Some(Listed { key: key?, time: time?.to_millis().ok()?, bytes: bytes? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    #[test]
    fn a_list_is_read_and_anything_else_is_not_taken_for_an_empty_one() {
        let object = "<Contents><Key>a/b &amp; c</Key><LastModified>2026-11-29T20:00:00.500Z</LastModified><Size>7</Size></Contents>";
        let list = |inside: &str| {
            format!("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\">{inside}</ListBucketResult>")
        };
        let token =
            "<NextContinuationToken>a/b&amp;c=</NextContinuationToken><IsTruncated>true</IsTruncated>";
        let found = read(list(&format!("{token}{object}{object}")).as_bytes()).expect("a list");
        let listed = Listed { key: "a/b & c".to_owned(), time: 1_795_982_400_500, bytes: 7 };
        let next = Some("a/b&c=".to_owned());
        assert_eq!(found, Listing { objects: vec![listed; 2], is_whole: false, next });
        assert_eq!(read(list("").as_bytes()), Some(Listing { is_whole: true, ..Listing::default() }));
        assert_eq!(read(list("<Contents><Size>many</Size></Contents>").as_bytes()), None);
        assert_eq!(read(b"<html>sign in</html>"), None);
    }

    #[tokio::test]
    async fn a_list_that_goes_round_in_a_circle_ends() {
        let aws = FakeAws::new(|request| {
            let token = if request.uri.contains("continuation-token=a") { "b" } else { "a" };
            let next = format!("<NextContinuationToken>{token}</NextContinuationToken>");
            let list = format!("<ListBucketResult>{next}<IsTruncated>true</IsTruncated></ListBucketResult>");
            Answer::Object(Vec::new(), list.into_bytes())
        });
        let session = aws.session();
        let error =
            list_all_objects((&session).into(), "bucket", "p/", "123456789012").await.expect_err("a circle");
        assert!(error.is(&[INVALID_RESPONSE]), "{error:?}");
        assert_eq!(aws.requests().len(), 3);
    }

    #[test]
    fn a_prefix_is_encoded() {
        assert_eq!(encoded("a b/c=d-e_f.g~é"), "a%20b%2Fc%3Dd-e_f.g~%C3%A9");
    }
}
