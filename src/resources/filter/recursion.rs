//! Log groups whose subscription would create a log loop.

use std::collections::{BTreeMap, BTreeSet};

use crate::stack::Names;

/// Why subscribing this log group would create a log loop, if it would.
///
/// A forwarder writes a line for what it could not deliver; if its own group were subscribed, that line would be an
/// event to deliver. Every stack's forwarder counts, because two stacks can feed each other, and so does every
/// function that is triggered by the stream: `readers` are their names, and `writers` the log groups that their
/// configuration has them write to in place of their own, each with the function's name. From a member account nothing
/// is known of the stream that a destination leads to, so no log group of a forwarder is sent there.
pub fn recursion(
    names: &Names,
    readers: &BTreeSet<String>,
    writers: &BTreeMap<String, String>,
    log_group: &str,
) -> Option<String> {
    if names.to_destination.is_some() {
        let is_of_forwarder = log_group.strip_prefix("/aws/lambda/").is_some_and(is_forwarder);
        return is_of_forwarder.then(|| {
            "this is the log group of a forwarder of this account; two accounts that subscribe each other's forwarders feed \
             each other"
                .to_owned()
        });
    }
    if log_group == names.function_log_group {
        return Some(
            "this is the forwarder's own log group; subscribing it would create a log loop".to_owned(),
        );
    }
    if let Some(function) = writers.get(log_group) {
        return Some(format!(
            "the function `{function}` reads the stream `{}` and logs to this group; subscribing it would create a log loop",
            names.stream
        ));
    }
    let function = log_group.strip_prefix("/aws/lambda/")?;
    if is_forwarder(function) {
        return Some(
            "this is the log group of another stack's forwarder; the two would feed each other".to_owned(),
        );
    }
    readers.contains(function).then(|| {
        format!(
            "its function `{function}` reads the stream `{}`; subscribing it would create a log loop",
            names.stream
        )
    })
}

/// Whether a function has the name of a forwarder: that of any stack, or of an isolated destination of one.
fn is_forwarder(function: &str) -> bool {
    const FORWARDER: &str = "cwl-to-logentries";
    let begins = |at: usize| at == 0 || function[..at].ends_with('-');
    let ends = |rest: &str| rest.is_empty() || rest.starts_with('-');
    function.match_indices(FORWARDER).any(|(at, _)| begins(at) && ends(&function[at + FORWARDER.len()..]))
}

#[cfg(test)]
mod tests {
    use super::is_forwarder;

    #[test]
    fn forwarders_are_known_by_their_names() {
        for name in [
            "cwl-to-logentries",
            "blue-cwl-to-logentries",
            "cwl-to-logentries-audit",
            "a-b-cwl-to-logentries-x_y",
        ] {
            assert!(is_forwarder(name), "{name}");
        }
        for name in ["cwl-to-logentries2", "xcwl-to-logentries", "lambda-logentries_generator", "cwl-to"] {
            assert!(!is_forwarder(name), "{name}");
        }
    }
}
