//! The errors of an input that cannot be used.

use std::io;

use crate::error::{Code, Error};

/// The input has none of the accepted forms.
pub(super) fn unknown(why: &str) -> Error {
    Error::new(Code::Usage, format!("the input has none of the accepted forms: {why}")).hint(
        "give an event of the function (`Records` or `awslogs`), an object that Lambda wrote to an on-failure bucket, \
         payloads of CloudWatch Logs, the output of `aws kinesis get-records`, `aws logs filter-log-events` or `aws \
         logs get-log-events`, or an export of CloudWatch Logs; each plain or gzip",
    )
}

/// A document holds more than `most` bytes.
pub(super) fn too_large(most: u64) -> Error {
    Error::new(Code::Usage, format!("it is larger than {} MiB, the limit of one document", most >> 20)).hint(
        "split it; for the output of `aws logs`: `jq -c '.events[]' FILE | cwl2le forward --input - --log-group NAME`",
    )
}

/// The words of a parser may quote what they refuse: its kind and place are enough.
pub(super) fn broken(error: &serde_json::Error) -> Error {
    match error.classify() {
        serde_json::error::Category::Io => unreadable(io::Error::other(error.to_string())),
        serde_json::error::Category::Eof => unknown("its JSON is incomplete"),
        _ => unknown(&format!("line {} column {} does not fit", error.line(), error.column())),
    }
}

/// Reading failed.
pub(super) fn unreadable(error: io::Error) -> Error {
    Error::new(Code::Usage, format!("the input cannot be read: {error}"))
        .hint("look at the file: it may be damaged, or still being written")
}
