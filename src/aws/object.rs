//! One object of a bucket: reading it and writing it.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::http::Headers;
use bytes::Bytes;
use cwl2le_forwarder::aws::Service;
use http::Method;

use super::bucket::{Request, path};
use super::error::{INVALID_RESPONSE, Operation};
use super::{Aws, AwsError};

/// Maximum size of what is read by one request, in bytes. Each has a time limit of its own and is retried on its own.
const PIECE: u64 = 4 << 20;
/// Before the names of metadata in headers.
const METADATA: &str = "x-amz-meta-";
const GET: &str = "GetObject";
const PUT: &str = "PutObject";
/// The code of an object that is larger than the caller takes.
pub(crate) const TOO_LARGE: &str = "ObjectTooLarge";

/// An object that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredObject {
    /// What its writer put beside it, by name.
    pub(crate) metadata: BTreeMap<String, String>,
    /// What it holds.
    pub(crate) body: Vec<u8>,
}

/// Where an object is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    /// The bucket.
    pub(crate) bucket: &'a str,
    /// The key.
    pub(crate) key: &'a str,
    /// The account of 12 digits that the bucket has to belong to; none where it may be anybody's.
    pub(crate) owner: Option<&'a str>,
}

impl At<'_> {
    fn resource(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Reads an object of at most `most` bytes, in pieces. All pieces are of the same version of it.
///
/// # Errors
///
/// Whatever `s3:GetObject` fails with; [`TOO_LARGE`]; [`INVALID_RESPONSE`] for pieces that do not fit together.
pub(crate) async fn get_object(aws: Aws<'_>, at: At<'_>, most: u64) -> Result<StoredObject, AwsError> {
    let resource = at.resource();
    let failed = |code: &str, why: String| {
        let operation = Operation { service: Service::S3.iam_name(), name: GET, resource: &resource };
        AwsError::new(operation, code, why)
    };
    let mut object = StoredObject::default();
    let mut version: Option<String> = None;
    loop {
        let start = object.body.len() as u64;
        let mut request = Request::new(GET, &resource, at.bucket, Method::GET);
        if let Some(owner) = at.owner {
            request = request.of(owner);
        }
        request = request.with("range", &format!("bytes={start}-{}", start + PIECE - 1));
        if let Some(version) = &version {
            request = request.with("if-match", version);
        }
        let answer = match request.send(aws, &path(at.key), Bytes::new()).await {
            // No byte of an empty object can be asked for.
            Err(error) if start == 0 && error.is(&["InvalidRange"]) => return Ok(object),
            answer => answer?,
        };
        let whole = whole(&answer.headers, start);
        let size = whole.unwrap_or(answer.body.len() as u64);
        if size > most {
            let why = format!("it has {size} bytes, and at most {most} are read");
            return Err(failed(TOO_LARGE, why));
        }
        // Without a range in the answer it is the object from its start.
        if answer.body.is_empty() && start < size || start > 0 && whole.is_none() {
            return Err(failed(
                INVALID_RESPONSE,
                "the answer is not the piece that was asked for".to_owned(),
            ));
        }
        if start == 0 {
            object.metadata = metadata(&answer.headers);
            version = answer.headers.get("etag").map(ToOwned::to_owned);
        }
        object.body.extend_from_slice(&answer.body);
        if object.body.len() as u64 >= size {
            object.body.truncate(usize::try_from(size).unwrap_or(usize::MAX));
            return Ok(object);
        }
    }
}

/// Writes an object, over another one of this key.
///
/// # Errors
///
/// Whatever `s3:PutObject` fails with.
pub(crate) async fn put_object(
    aws: Aws<'_>,
    at: At<'_>,
    content_type: &str,
    body: Bytes,
) -> Result<(), AwsError> {
    let resource = at.resource();
    let mut request = Request::new(PUT, &resource, at.bucket, Method::PUT).with("content-type", content_type);
    if let Some(owner) = at.owner {
        request = request.of(owner);
    }
    request.send(aws, &path(at.key), body).await.map(drop)
}

/// The size of the whole object, by an answer that is a piece of it from `start` on.
fn whole(headers: &Headers, start: u64) -> Option<u64> {
    let (piece, size) = headers.get("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
    let first: u64 = piece.split('-').next()?.parse().ok()?;
    size.parse().ok().filter(|_| first == start)
}

fn metadata(headers: &Headers) -> BTreeMap<String, String> {
    let own = headers.iter().filter_map(|(name, value)| Some((name.strip_prefix(METADATA)?, value)));
    own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
