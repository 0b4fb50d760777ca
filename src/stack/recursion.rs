//! Log groups whose lines would come back to them for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;

/// Why the lines of this log group would come back to it for ever, if they would.
///
/// A forwarder writes a line for what it could not deliver; if its own group were subscribed, that line would be an
/// event to deliver. Every stack's forwarder counts, because two stacks can feed each other, and so does every
/// function that is triggered by the stream: `readers` are their names, and `writers` the log groups that their
/// configuration has them write to in place of their own, each with the function's name.
pub fn recursion(
    names: &Names,
    readers: &BTreeSet<String>,
    writers: &BTreeMap<String, String>,
    log_group: &str,
) -> Option<String> {
    if log_group == names.function_log_group {
        return Some(
            "it is the forwarder's own log group: its lines would come back to it for ever".to_owned(),
        );
    }
    if let Some(function) = writers.get(log_group) {
        return Some(format!(
            "the function `{function}` is triggered by the stream `{}` and logs to it: it would feed itself",
            names.stream
        ));
    }
    let function = log_group.strip_prefix("/aws/lambda/")?;
    if function == "cwl-to-logentries" || function.ends_with("-cwl-to-logentries") {
        return Some(
            "it is the log group of another stack's forwarder: the two would feed each other".to_owned(),
        );
    }
    readers.contains(function).then(|| {
        format!(
            "its function `{function}` is triggered by the stream `{}`: it would feed itself",
            names.stream
        )
    })
}
