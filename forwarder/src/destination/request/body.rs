//! A request with a body.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Method, Request, Uri, header};

/// A POST, its body compressed where the service takes that.
pub(crate) fn post(uri: Uri, content_type: &'static str, gzip: bool, body: Vec<u8>) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // What an answer says has to be read, and only as it is.
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    *request.body_mut() = if gzip {
        request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        compressed(&body)
    } else {
        body.into()
    };
    request
}

fn compressed(body: &[u8]) -> Bytes {
    use std::io::Write as _;
    // The fastest level: the function's processor is slow, and logs shrink to a fraction by any.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::fast());
    // Writing into memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}
