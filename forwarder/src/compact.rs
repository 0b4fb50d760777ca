//! The JSON that AWS writes, read in one pass without a general parser.
//!
//! What is read here is JSON without spaces, of these two forms. Anything else is `None`, and serde_json decides; what
//! is read is what serde_json would have read. The members of a payload and of a record come in any order, each at most
//! once; those of an event in this order.
//!
//! ```text
//! payload = { MEMBER , ... }
//! MEMBER  = "messageType":PLAIN | "owner":PLAIN | "logGroup":PLAIN | "logStream":PLAIN | "policyLevel":PLAIN
//!         | "subscriptionFilters":[PLAIN,...] | "logEvents":[EVENT,...]
//! EVENT   = {"id":PLAIN,"timestamp":DIGITS,"message":TEXT}
//!         | {"id":PLAIN,"timestamp":DIGITS,"message":TEXT,"extractedFields":{TEXT:TEXT,...}}
//!
//! invocation = {"Records":[RECORD,...]}
//! RECORD     = { PLAIN:VALUE , ... }      VALUE = PLAIN | NUMBER | RECORD of VALUEs, only as "kinesis"
//!
//! PLAIN  = a string of ASCII without escapes       TEXT   = any string, in valid UTF-8
//! DIGITS = 0 to 999999999999999999                 NUMBER = DIGITS, with a fraction or without, 18 digits in all
//! ```

use std::ops::Range;

use crate::bytes::{BLOCK, Marks, escaped, first_special};
use crate::payload::{LogEvent, MessageType, Payload};
use crate::shape::fields::Labels;

/// The payload that a text of the first form is.
pub(crate) fn payload(json: &str) -> Option<Payload<'_>> {
    let mut cursor = Cursor { text: json.as_bytes(), at: 0 };
    let (mut message_type, mut owner, mut log_group, mut log_stream) = (None, None, None, None);
    let (mut filters, mut events) = (None, None);
    cursor.expect(b"{")?;
    loop {
        cursor.expect(b"\"")?;
        let key = cursor.plain()?;
        cursor.expect(b":")?;
        match &json.as_bytes()[key] {
            b"messageType" => once(&mut message_type, cursor.text(json)?)?,
            b"owner" => once(&mut owner, cursor.text(json)?)?,
            b"logGroup" => once(&mut log_group, cursor.text(json)?)?,
            b"logStream" => once(&mut log_stream, cursor.text(json)?)?,
            b"policyLevel" => {
                cursor.text(json)?;
            }
            b"subscriptionFilters" => {
                once(&mut filters, cursor.list(1, |cursor| cursor.text(json).map(Into::into))?)?;
            }
            b"logEvents" => {
                // What an event takes at least, and a short message.
                let most = json.len() / 128 + 1;
                once(&mut events, cursor.list(most, |cursor| cursor.event(json))?)?;
            }
            _ => return None,
        }
        match cursor.next()? {
            b',' => {}
            b'}' if cursor.at == json.len() => break,
            _ => return None,
        }
    }
    Some(Payload {
        message_type: match message_type? {
            "DATA_MESSAGE" => MessageType::Data,
            "CONTROL_MESSAGE" => MessageType::Control,
            _ => return None,
        },
        owner: owner.unwrap_or_default().into(),
        log_group: log_group.unwrap_or_default().into(),
        log_stream: log_stream.unwrap_or_default().into(),
        filters: filters.unwrap_or_default(),
        events: events.unwrap_or_default(),
        labels: Labels::new(),
        format: None,
    })
}

/// What a record of an invocation says, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) sequence: Option<Range<usize>>,
    pub(crate) event_id: Option<Range<usize>>,
    pub(crate) data: Option<Range<usize>>,
    pub(crate) arrived: Option<f64>,
    /// The ARN of the stream.
    pub(crate) source: Option<Range<usize>>,
}

/// Hands each record of a text of the second form to `take`, in order; `None` may come after some.
pub(crate) fn records(json: &[u8], mut take: impl FnMut(Found)) -> Option<()> {
    let mut cursor = Cursor { text: json, at: 0 };
    cursor.expect(b"{\"Records\":")?;
    cursor.list(0, |cursor| {
        let mut found = Found::default();
        cursor.record(true, &mut found)?;
        take(found);
        Some(())
    })?;
    cursor.expect(b"}")?;
    (cursor.at == json.len()).then_some(())
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A place in a text.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    fn expect(&mut self, literal: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(literal).then(|| self.at += literal.len())
    }

    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn list<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.expect(b"[")?;
        let mut items = Vec::with_capacity(most);
        if self.expect(b"]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            match self.next()? {
                b',' => {}
                b']' => return Some(items),
                _ => return None,
            }
        }
    }

    /// A PLAIN.
    fn text<'j>(&mut self, json: &'j str) -> Option<&'j str> {
        self.expect(b"\"")?;
        json.get(self.plain()?)
    }

    fn event<'j>(&mut self, json: &'j str) -> Option<LogEvent<'j>> {
        self.expect(b"{\"id\":\"")?;
        let id = json.get(self.plain()?)?;
        self.expect(b",\"timestamp\":")?;
        let timestamp = i64::try_from(self.digits()?.0).ok();
        self.expect(b",\"message\":\"")?;
        let message = json.get(self.string()?)?;
        let mut extracted = None;
        if self.expect(b",\"extractedFields\":").is_some() {
            extracted = json.get(self.object_of_texts()?);
        }
        self.expect(b"}")?;
        Some(LogEvent { id, timestamp, message, extracted })
    }

    fn object_of_texts(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.expect(b"{")?;
        if self.expect(b"}").is_some() {
            return Some(start..self.at);
        }
        loop {
            self.expect(b"\"")?;
            self.string()?;
            self.expect(b":\"")?;
            self.string()?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(start..self.at),
                _ => return None,
            }
        }
    }

    fn record(&mut self, outer: bool, found: &mut Found) -> Option<()> {
        self.expect(b"{")?;
        loop {
            self.expect(b"\"")?;
            let key = self.plain()?;
            self.expect(b":")?;
            let key = &self.text[key];
            match (key, self.next()?) {
                (b"kinesis", b'{') if outer => {
                    self.at -= 1;
                    self.record(false, found)?;
                }
                (b"Records" | b"kinesis", _) => return None,
                (b"sequenceNumber", b'"') => once(&mut found.sequence, self.plain()?)?,
                (b"eventID", b'"') => once(&mut found.event_id, self.plain()?)?,
                (b"data", b'"') => once(&mut found.data, self.plain()?)?,
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
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A number, and of how many digits.
    fn digits(&mut self) -> Option<(u64, usize)> {
        let start = self.at;
        let mut number = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at).copied() {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let count = self.at - start;
        let leading_zero = count > 1 && self.text[start] == b'0';
        ((1..=18).contains(&count) && !leading_zero).then_some((number, count))
    }

    /// As serde_json makes it from up to 18 digits: the digits as an integer, over a power of ten.
    #[allow(clippy::cast_precision_loss, reason = "that is how serde_json does it")]
    fn number(&mut self) -> Option<f64> {
        let (whole, digits) = self.digits()?;
        if self.expect(b".").is_none() {
            // What follows a number decides whether it ends here.
            return Some(whole as f64);
        }
        let start = self.at;
        let mut number = whole;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at).copied() {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        let fraction = self.at - start;
        let power = u32::try_from(fraction).ok().filter(|power| *power > 0 && digits + fraction <= 18)?;
        Some(number as f64 / 10_u64.pow(power) as f64)
    }

    /// The rest of a PLAIN whose quote has been passed, without its end.
    #[inline(always)]
    fn plain(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut rest = self.text.get(start..)?;
        loop {
            let (chunk, padded);
            let after = match rest.split_first_chunk::<16>() {
                Some((first, after)) => {
                    chunk = first;
                    after
                }
                None => {
                    padded = padded_chunk(rest);
                    chunk = &padded;
                    &[]
                }
            };
            if let Some(at) = first_special(chunk) {
                let end = self.text.len() - rest.len() + at;
                self.at = end + 1;
                return (chunk[at] == b'"').then_some(start..end);
            }
            rest = after;
        }
    }

    /// The rest of a TEXT whose quote has been passed, without its end.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        // Whether the first byte of the block is escaped by the last one before it.
        let mut escaped_first = 0;
        loop {
            let rest = self.text.get(self.at..)?;
            let marks = match rest.first_chunk::<BLOCK>() {
                Some(block) => Marks::of(block),
                None if rest.is_empty() => return None,
                None => {
                    let mut block = [b' '; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    Marks::of(&block)
                }
            };
            let behind_backslashes;
            (behind_backslashes, escaped_first) = escaped(marks.backslashes, escaped_first);
            let ends = marks.quotes & !behind_backslashes;
            // Those before the end; all if it is not here.
            let inside = ends.wrapping_sub(1) & !ends;
            if marks.controls & inside != 0 {
                return None;
            }
            let mut unusual = behind_backslashes & inside & !(marks.quotes | marks.backslashes);
            while unusual != 0 {
                self.check_escape(self.at + unusual.trailing_zeros() as usize)?;
                unusual &= unusual - 1;
            }
            if ends != 0 {
                let end = self.at + ends.trailing_zeros() as usize;
                self.at = end + 1;
                return Some(start..end);
            }
            self.at += BLOCK;
        }
    }

    /// Whether a byte may follow a backslash; the four of `\u` follow it.
    fn check_escape(&self, at: usize) -> Option<()> {
        match self.text.get(at)? {
            b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => self.text.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(()),
            _ => None,
        }
    }
}

/// A chunk that ends as no string does.
fn padded_chunk(rest: &[u8]) -> [u8; 16] {
    let mut chunk = [0; 16];
    chunk[..rest.len()].copy_from_slice(rest);
    chunk
}

#[cfg(test)]
#[path = "compact_tests.rs"]
mod tests;
