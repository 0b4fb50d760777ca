//! The event of an invocation as Lambda writes it, read without a general parser.
//!
//! It is JSON without spaces, of this form. Anything else is `None`, and serde_json decides; what is read is what
//! serde_json would have read. The members of a record come in any order, each at most once. PLAIN and NUMBER are those
//! of [`cursor`](crate::record::json::cursor).
//!
//! ```text
//! invocation = {"Records":[RECORD,...]}
//! RECORD     = { PLAIN:VALUE , ... }      VALUE = PLAIN | NUMBER | RECORD of VALUEs, only as "kinesis"
//! ```

use std::ops::Range;

use crate::record::json::cursor::{Cursor, once};

/// Where the values of a record stand.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) sequence: Option<Range<usize>>,
    pub(crate) event_id: Option<Range<usize>>,
    pub(crate) data: Option<Range<usize>>,
    pub(crate) arrived: Option<f64>,
    /// The ARN of the stream.
    pub(crate) source: Option<Range<usize>>,
}

/// Hands each record of an invocation to `take`, in order; `None` may come after some.
pub(crate) fn records(json: &[u8], mut take: impl FnMut(Found)) -> Option<()> {
    let mut cursor = Cursor { text: json, at: 0 };
    cursor.expect(b"{\"Records\":")?;
    cursor.list(0, usize::MAX, |cursor| {
        let mut found = Found::default();
        cursor.record(false, &mut found)?;
        take(found);
        Some(())
    })?;
    cursor.expect(b"}")?;
    (cursor.at == json.len()).then_some(())
}

impl Cursor<'_> {
    /// A record, or the object in its `kinesis`, which is `nested`.
    fn record(&mut self, nested: bool, found: &mut Found) -> Option<()> {
        self.expect(b"{")?;
        loop {
            self.expect(b"\"")?;
            let key = self.plain()?;
            self.expect(b":")?;
            match (&self.text[key], self.next()?) {
                (b"kinesis", b'{') if !nested => {
                    self.at -= 1;
                    self.record(true, found)?;
                }
                (b"sequenceNumber", b'"') => once(&mut found.sequence, self.plain()?)?,
                (b"eventID", b'"') => once(&mut found.event_id, self.plain()?)?,
                (b"data", b'"') if nested => once(&mut found.data, self.plain()?)?,
                (b"eventSourceARN", b'"') => once(&mut found.source, self.plain()?)?,
                (b"approximateArrivalTimestamp", b'0'..=b'9') => {
                    self.at -= 1;
                    once(&mut found.arrived, self.number()?)?;
                }
                (
                    b"Records"
                    | b"kinesis"
                    | b"sequenceNumber"
                    | b"eventID"
                    | b"data"
                    | b"eventSourceARN"
                    | b"approximateArrivalTimestamp",
                    _,
                ) => return None,
                (_, b'"') => {
                    self.plain()?;
                }
                (_, b'0'..=b'9') => {
                    self.at -= 1;
                    self.number()?;
                }
                _ => return None,
            }
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
