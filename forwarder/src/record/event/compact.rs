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

use memchr::memchr;

use crate::record::json::cursor::{Cursor, once};

/// What a record of an invocation says, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) sequence: Option<Range<usize>>,
    pub(crate) event_id: Option<Range<usize>>,
    pub(crate) data: Option<Range<usize>>,
    /// Whether the data is base64 with all of its padding.
    pub(crate) is_base64: bool,
    pub(crate) arrived: Option<f64>,
    /// The ARN of the stream.
    pub(crate) source: Option<Range<usize>>,
}

/// Hands each record of an invocation to `take`, in order; `None` may come after some.
pub(crate) fn records(json: &[u8], mut take: impl FnMut(Found)) -> Option<()> {
    let mut cursor = Cursor { text: json, at: 0 };
    cursor.expect(b"{\"Records\":")?;
    let mut tail = Tail::default();
    cursor.list(0, usize::MAX, |cursor| {
        let mut found = Found::default();
        cursor.record(Some(&mut tail), &mut found)?;
        take(found);
        Some(())
    })?;
    cursor.expect(b"}")?;
    (cursor.at == json.len()).then_some(())
}

/// How the last record that was read ends after its `eventID`: most records of an invocation end alike.
#[derive(Default)]
struct Tail {
    text: Range<usize>,
    /// All that it says.
    source: Option<Range<usize>>,
}

impl Cursor<'_> {
    /// A record with a tail, or what is in its `kinesis`.
    fn record(&mut self, tail: Option<&mut Tail>, found: &mut Found) -> Option<()> {
        let mut identified = None;
        self.expect(b"{")?;
        loop {
            self.expect(b"\"")?;
            let key = self.plain()?;
            self.expect(b":")?;
            let key = &self.text[key];
            match (key, self.next()?) {
                (b"kinesis", b'{') if tail.is_some() => {
                    self.at -= 1;
                    self.record(None, found)?;
                }
                (b"Records" | b"kinesis", _) => return None,
                (b"sequenceNumber", b'"') => once(&mut found.sequence, self.plain()?)?,
                (b"eventID", b'"') => {
                    once(&mut found.event_id, self.plain()?)?;
                    if let Some(tail) = tail.as_deref().filter(|_| found.source.is_none()) {
                        if !tail.text.is_empty() && self.expect(&self.text[tail.text.clone()]).is_some() {
                            found.source.clone_from(&tail.source);
                            return Some(());
                        }
                        identified = Some((self.at, found.clone()));
                    }
                }
                (b"data", b'"') if tail.is_none() => {
                    let (place, is_base64) = self.base64()?;
                    once(&mut found.data, place)?;
                    found.is_base64 = is_base64;
                }
                (b"eventSourceARN", b'"') => once(&mut found.source, self.plain()?)?,
                (b"approximateArrivalTimestamp", b'0'..=b'9') => {
                    self.at -= 1;
                    once(&mut found.arrived, self.number()?)?;
                }
                (
                    b"sequenceNumber"
                    | b"eventID"
                    | b"data"
                    | b"approximateArrivalTimestamp"
                    | b"eventSourceARN",
                    _,
                ) => {
                    return None;
                }
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
                b'}' => break,
                _ => return None,
            }
        }
        if let (Some(tail), Some((start, before))) = (tail, identified)
            && *found == (Found { source: found.source.clone(), ..before })
        {
            *tail = Tail { text: start..self.at, source: found.source.clone() };
        }
        Some(())
    }

    /// The rest of a PLAIN whose quote has been passed, without its end, and whether it is base64, which it should be.
    fn base64(&mut self) -> Option<(Range<usize>, bool)> {
        let rest = self.text.get(self.at..)?;
        let length = memchr(b'"', rest)?;
        // Nothing else is in base64, so that this is the end of a PLAIN, too.
        if length.is_multiple_of(4) && base64_simd::STANDARD.check(&rest[..length]).is_ok() {
            let start = self.at;
            self.at += length + 1;
            return Some((start..start + length, true));
        }
        self.plain().map(|place| (place, false))
    }
}

#[cfg(test)]
mod tests;
