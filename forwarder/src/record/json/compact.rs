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

use memchr::memchr;

use crate::record::json::backslash::escaped;
use crate::record::json::digits::leading_digits;
use crate::record::payload::{LogEvent, MessageType, Payload};
use crate::record::vectors::{self, BLOCK, Kernel, Vectors, Window, first_special};
use crate::shape::fields::Labels;

/// The payload that a text of the first form is, of up to `most` events.
pub(crate) fn payload(json: &str, most: usize) -> Option<Payload<'_>> {
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
                once(&mut filters, cursor.list(1, usize::MAX, |cursor| cursor.text(json).map(Into::into))?)?;
            }
            b"logEvents" => {
                // What an event takes at least, and a short message.
                let room = (json.len() / 128 + 1).min(most);
                once(&mut events, cursor.list(room, most, |cursor| cursor.event(json))?)?;
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
    /// Whether the data is base64 with all of its padding.
    pub(crate) is_base64: bool,
    pub(crate) arrived: Option<f64>,
    /// The ARN of the stream.
    pub(crate) source: Option<Range<usize>>,
}

/// Hands each record of a text of the second form to `take`, in order; `None` may come after some.
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

    /// A list of up to `most` items, with memory for `room` of them from the start.
    fn list<T>(
        &mut self,
        room: usize,
        most: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.expect(b"[")?;
        let mut items = Vec::with_capacity(room);
        if self.expect(b"]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            match self.next()? {
                b',' if items.len() < most => {}
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

    /// A number, and of how many digits.
    #[inline]
    fn digits(&mut self) -> Option<(u64, usize)> {
        let rest = self.text.get(self.at..)?;
        let (number, count) = leading_digits(rest);
        self.at += count;
        let leading_zero = count > 1 && rest[0] == b'0';
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
        let (fraction, count) = leading_digits(self.text.get(self.at..)?);
        self.at += count;
        let power = u32::try_from(count).ok().filter(|power| *power > 0 && digits + count <= 18)?;
        let scale = 10_u64.pow(power);
        Some((whole * scale + fraction) as f64 / scale as f64)
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
    #[inline]
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let end = vectors::run(EndOfText { text: self.text, start })?;
        self.at = end + 1;
        Some(start..end)
    }
}

/// Finds the quote that ends a TEXT.
struct EndOfText<'a> {
    text: &'a [u8],
    start: usize,
}

impl Kernel for EndOfText<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) -> Option<usize> {
        let Self { text, start: mut at } = self;
        // Whether the first byte of the block is escaped by the last one before it.
        let mut escaped_first = 0;
        while at < text.len() {
            let mut spare = [0; BLOCK];
            let Window { block, done, inside } = Window::at(text, at, &mut spare);
            let quotes = vectors.any_of(block, [b'"']) >> done & inside;
            let backslashes = vectors.any_of(block, [b'\\']) >> done & inside;
            let controls = vectors.controls(block) >> done & inside;
            let behind_backslashes;
            (behind_backslashes, escaped_first) = escaped(backslashes, escaped_first);
            // All are looked for, because to guess what a text holds costs more than to look.
            let known = vectors.any_of(block, *b"\"\\/bfnrt") >> done;
            let ends = quotes & !behind_backslashes;
            let mut unusual = controls | (behind_backslashes & inside & !known);
            if ends | unusual != 0 {
                // Only those before the end; all if it is not here.
                unusual &= ends.wrapping_sub(1) & !ends;
                while unusual != 0 {
                    check_unicode(text, at + unusual.trailing_zeros() as usize)?;
                    unusual &= unusual - 1;
                }
                if ends != 0 {
                    return Some(at + ends.trailing_zeros() as usize);
                }
            }
            at += BLOCK;
        }
        None
    }
}

/// Whether there is the `u` of an escape, with the four digits that follow it.
fn check_unicode(text: &[u8], at: usize) -> Option<()> {
    let digits = text.get(at..at + 5)?.strip_prefix(b"u")?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())
}

/// A chunk that ends as no string does.
fn padded_chunk(rest: &[u8]) -> [u8; 16] {
    let mut chunk = [0; 16];
    chunk[..rest.len()].copy_from_slice(rest);
    chunk
}

#[cfg(test)]
mod tests;
