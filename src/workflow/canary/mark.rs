//! How a canary is known: the log stream, the message, and its id in the records of the stream.

use crate::events::{Record, invocation};

/// The log stream that the forwarder looks for canaries in.
pub(super) const LOG_STREAM: &str = "cwl2le-canary";
/// Number of characters of an id.
const ID_LENGTH: usize = 12;

/// A new id: letters and digits, as the forwarder takes it.
pub(super) fn new_id() -> String {
    const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    (0..ID_LENGTH).map(|_| char::from(LETTERS[fastrand::usize(..LETTERS.len())])).collect()
}

/// The message of a canary.
pub(super) fn message(id: &str) -> String {
    format!("cwl2le canary {id}")
}

/// Whether the data of a record of the stream holds a canary: as CloudWatch Logs writes it, or packed with others by
/// another producer.
pub(super) fn holds(data: Vec<u8>, id: &str) -> bool {
    let gzip = data.starts_with(&[0x1f, 0x8b]);
    let record = Record::Data(data);
    let records = match gzip {
        true => vec![record],
        false => invocation(&[record], 0).map(|packed| Record::all_of(&packed)).unwrap_or_default(),
    };
    let message = message(id);
    records.iter().any(|record| {
        let mut payload = Vec::new();
        record.payload(&mut payload).is_ok() && String::from_utf8_lossy(&payload).contains(&message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Origin, SavedEvent};

    fn record(message: &str) -> Vec<u8> {
        let event = SavedEvent { message: message.to_owned(), ..SavedEvent::default() };
        let origin = Origin { log_stream: LOG_STREAM, ..Origin::default() };
        match Record::of(origin, &[event]) {
            Record::Data(data) => data,
            _ => unreachable!("data was given"),
        }
    }

    #[test]
    fn a_canary_is_found_by_its_id() {
        let id = new_id();
        assert!(id.len() == ID_LENGTH && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_ne!(id, new_id());
        assert!(holds(record(&message(&id)), &id));
        assert!(!holds(record(&message(&new_id())), &id));
        for other in [&b""[..], b"\x1f\x8b damaged", b"no gzip", b"\xf3\x89\x9a\xc2 damaged"] {
            assert!(!holds(other.to_vec(), &id));
        }
    }
}
