//! What the forwarder writes to its quarantine: the data of a record, with the reason beside it.

use super::contents::{Contents, Kept};
use crate::aws::object::StoredObject;

/// The reason of records of which a destination refused events for good.
pub(in super::super) const REFUSED: &str = "refused";

/// Reads an object.
///
/// # Errors
/// None: whatever it holds is the data of a record.
#[expect(clippy::unnecessary_wraps, reason = "other kinds of objects can be unreadable")]
pub(in super::super) fn contents(object: &StoredObject) -> Result<Contents, String> {
    let value = |name: &str| object.metadata.get(name).map(String::as_str);
    let reasons = value("reason").unwrap_or_default().split(',').filter(|reason| !reason.is_empty());
    let record = Kept {
        data: Ok(object.body.clone()),
        // The forwarder does not keep it.
        key: None,
        sequence: value("sequence-number").map(ToOwned::to_owned),
    };
    Ok(Contents { reasons: reasons.map(ToOwned::to_owned).collect(), records: vec![record] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_stand_beside_the_data() {
        let metadata = [("reason", "not_utf8,refused"), ("sequence-number", "4956")];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let contents = contents(&StoredObject { metadata, body: b"data".to_vec() }).expect("read");
        assert_eq!(contents.reasons, ["not_utf8", "refused"]);
        assert_eq!(contents.records[0].data, Ok(b"data".to_vec()));
        assert_eq!(contents.records[0].sequence.as_deref(), Some("4956"));
    }
}
