//! What S3 says of one object that cannot be read, while the others can.

use crate::aws::AwsError;
use crate::aws::object::TOO_LARGE;

/// The code of an object that is not there.
pub(super) const GONE: &str = "NoSuchKey";
/// The code of an object that was written again while it was read in pieces.
pub(super) const CHANGED: &str = "PreconditionFailed";
/// The code of an object that may not be read, or not with its key.
pub(super) const DENIED: &str = "AccessDenied";
/// The code of an object in one of the archives of S3, such as Glacier.
const ARCHIVED: &str = "InvalidObjectState";
/// How the codes of errors of KMS begin that S3 passes on: the key is disabled, or deleted.
const KEY: &str = "KMS.";

/// Why this object cannot be read.
///
/// # Errors
/// An error that is not about this object alone.
#[expect(clippy::result_large_err, reason = "the error is rare, and every call around it has the same one")]
pub(super) fn why(error: AwsError) -> Result<String, AwsError> {
    let plain = match error.code.as_str() {
        GONE => "it was deleted meanwhile",
        CHANGED => "it was written again while it was read",
        ARCHIVED => "it is in an archive of S3: restore it first, with `aws s3api restore-object`",
        TOO_LARGE => return Ok(error.message),
        code if code == DENIED || code.starts_with(KEY) => return Ok(format!("{code}: {}", error.message)),
        _ => return Err(error),
    };
    Ok(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::error::Operation;

    #[test]
    fn what_is_wrong_with_one_object_is_told_and_anything_else_is_an_error() {
        let of = |code: &str| {
            let operation = Operation { service: "s3", name: "GetObject", resource: "s3://b/k" };
            why(AwsError::new(operation, code, "no")).map_err(|error| error.code)
        };
        assert_eq!(of("NoSuchKey").as_deref(), Ok("it was deleted meanwhile"));
        assert!(of("InvalidObjectState").is_ok_and(|why| why.contains("restore-object")));
        assert_eq!(of("AccessDenied").as_deref(), Ok("AccessDenied: no"));
        assert_eq!(of("KMS.DisabledException").as_deref(), Ok("KMS.DisabledException: no"));
        assert_eq!(of(TOO_LARGE).as_deref(), Ok("no"));
        for code in
            ["NoSuchBucket", "ExpiredToken", "SlowDown", "Unreachable", "Interrupted", "InvalidResponse"]
        {
            assert!(of(code).is_err(), "{code}");
        }
    }
}
