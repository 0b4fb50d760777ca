//! An AWS error as an error of a command: the table of errors gives it our code and a hint.

use super::error::INTERRUPTED;
use super::{AwsError, error_table};
use crate::error::{Code, Error};

/// What to do after a stop.
const INTERRUPTED_HINT: &str = "run the same command again: it continues where this run stopped";

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        // A call that was not made is no failure of AWS.
        if error.code == INTERRUPTED {
            return Self::new(Code::Interrupted, error.message).hint(INTERRUPTED_HINT);
        }
        let meaning = error_table::meaning(&error);
        Self {
            code: meaning.map_or(Code::Aws, |(code, _)| code),
            message: error.to_string(),
            resource: Some(error.resource.clone()),
            hint: meaning.map(|(_, hint)| hint.to_owned()),
            aws: Some(Box::new(error)),
            ..Self::new(Code::Aws, "")
        }
    }
}
