//! Canaries: events that prove that a chain works. The forwarder delivers them like any other event and then says so.
//!
//! One is an event of a log stream named [`STREAM`] whose message is `cwl2le canary ID`. Whoever may write to such a
//! stream can cause notes about it, and nothing else: a bounded number in each invocation, which hold nothing of the
//! message but an ID that is letters and digits.

use std::ops::RangeInclusive;

use crate::record::event::count;
use crate::record::payload::{LogEvent, MessageType, Payload};

/// The log stream of canaries, in any log group.
pub const STREAM: &str = "cwl2le-canary";

/// What their messages begin with. The ID follows.
pub const MESSAGE: &str = "cwl2le canary ";

/// How long an ID may be, in lowercase letters and digits.
pub const ID_LENGTH: RangeInclusive<usize> = 8..=32;

/// Maximum number of canaries to look for in one invocation.
pub const MOST: usize = 20;

/// A canary in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Its ID.
    pub id: String,
    /// The position of its part in [`Account::parts`](super::account::Account::parts).
    pub part: usize,
    /// Its position among the events of the part that the route keeps; `None` if the route drops it.
    pub event: Option<u32>,
    /// The `id` of the event, as CloudWatch Logs gives it.
    pub event_id: String,
}

/// The canaries of a payload with its events. Nearly every payload has none, and that takes one comparison.
pub(super) fn find<'a>(payload: &Payload<'a>) -> Vec<(&'a str, LogEvent<'a>)> {
    if payload.log_stream != STREAM || payload.message_type == MessageType::Control {
        return Vec::new();
    }
    payload.events.iter().filter_map(|event| Some((id(event.message)?, *event))).take(MOST).collect()
}

/// The canaries that a payload had, now that its route has dropped what it drops.
pub(super) fn locate(found: &[(&str, LogEvent<'_>)], part: usize, kept: &[LogEvent<'_>]) -> Vec<Canary> {
    let found = found.iter().map(|(id, canary)| {
        // The same text at the same place: messages and ids of two events may be equal.
        let is_it = |event: &LogEvent<'_>| std::ptr::eq(event.message, canary.message);
        Canary {
            id: (*id).to_owned(),
            part,
            event: kept.iter().position(is_it).map(count),
            event_id: canary.id.to_owned(),
        }
    });
    found.collect()
}

/// The ID in the message of a canary.
fn id(message: &str) -> Option<&str> {
    let rest = message.strip_prefix(MESSAGE)?;
    let end = rest.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z')).unwrap_or(rest.len());
    rest.get(..end).filter(|id| ID_LENGTH.contains(&id.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::payload;

    #[test]
    fn a_canary_is_an_event_of_its_stream_with_an_id() {
        for (stream, message, found) in [
            (STREAM, "cwl2le canary 7f3a91c4", Some("7f3a91c4")),
            (STREAM, r"cwl2le canary 7f3a91c4\n", Some("7f3a91c4")),
            (STREAM, "cwl2le canary 7f3a91c4 of default", Some("7f3a91c4")),
            (STREAM, "cwl2le canary 7f3a91c", None),
            (STREAM, "cwl2le canary 0123456789012345678901234567890123", None),
            (STREAM, "cwl2le canary 7F3A91C4", None),
            (STREAM, "a cwl2le canary 7f3a91c4", None),
            (STREAM, "", None),
            ("cwl2le-canary2", "cwl2le canary 7f3a91c4", None),
        ] {
            let json = format!(
                r#"{{"messageType":"DATA_MESSAGE","logGroup":"/g","logStream":"{stream}","logEvents":[{{"id":"1","timestamp":1,"message":"{message}"}}]}}"#
            );
            let payload = payload::parse(json.as_bytes()).unwrap();
            let ids: Vec<_> = find(&payload).into_iter().map(|(id, _)| id).collect();
            assert_eq!(ids, Vec::from_iter(found), "{stream} {message}");
        }
    }

    proptest! {
        /// What becomes part of a note cannot hold anything but letters and digits.
        #[test]
        fn an_id_is_short_and_plain(message in "(cwl2le canary )?.{0,50}") {
            if let Some(id) = id(&message) {
                prop_assert!(ID_LENGTH.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
                prop_assert_eq!(message.strip_prefix(MESSAGE).and_then(|rest| rest.get(..id.len())), Some(id));
            }
        }
    }
}
