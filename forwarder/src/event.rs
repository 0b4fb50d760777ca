//! The Kinesis invocation, read leniently and decoded from base64 on the way.
//!
//! An event in the form that Lambda writes stays where it is, and its base64 is decoded in place, so that memory holds
//! it once. Any other is read by serde_json into a buffer of its own.
//!
//! What AWS wraps around a record is always well-formed; what a record holds is not ours to expect anything
//! of. A record that cannot be read stays in the list with the reason, because an invocation that fails as a
//! whole is retried as a whole and blocks its shard. So any JSON value deserialises into an [`Invocation`].

mod any_json;

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::ops::Range;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::compact::{self, Found};

/// Standard base64; padding is optional because a missing `=` loses nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One invocation: its records in the order of the shard.
#[derive(Debug, Default)]
pub struct Invocation {
    records: Vec<Record>,
    /// What the places of the records are places in: texts, and decoded data.
    bytes: Vec<u8>,
    /// How much of it is decoded data.
    data_len: usize,
    /// The ARN of the stream, of the first record that has one.
    source: Option<Place>,
    has_records: bool,
}

/// A record: small, because there may be ten thousand of them.
#[derive(Debug)]
struct Record {
    sequence: Option<Place>,
    event_id: Option<Place>,
    /// Decoded, or as it came where it is not base64.
    data: Option<Result<Place, Place>>,
    /// No number where it is not known, which no number in JSON is.
    arrived: f64,
}

impl Default for Record {
    fn default() -> Self {
        Self { sequence: None, event_id: None, data: None, arrived: f64::NAN }
    }
}

/// From where to where. An invocation is at most 6 MB, so 32 bits are enough.
///
/// The place after the end is never zero, so that to have none takes no more memory than to have one.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    after_end: NonZeroU32,
}

impl Place {
    fn new(range: Range<usize>) -> Self {
        let [start, end] = [range.start, range.end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Self { start, after_end: NonZeroU32::MIN.saturating_add(end) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.after_end.get() as usize - 1
    }
}

/// Why a record has no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoData {
    /// There is no `kinesis.data`, or it is no text.
    Missing,
    /// The data is not base64.
    NotBase64,
}

impl Invocation {
    /// Reads an event; its buffer becomes part of the invocation.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn from_json(event: Vec<u8>) -> serde_json::Result<Self> {
        // What Lambda wraps around a record has about this size. Memory that is not written to is not taken.
        let mut records = Vec::with_capacity(event.len() / 512 + 1);
        let mut source = None;
        let take = |mut found: Found| {
            let arn = found.source.take();
            source = source.or(arn.map(Place::new));
            records.push(Record::at(found));
        };
        match compact::records(&event, take) {
            Some(()) => Ok(Self::in_place(event, records, source)),
            None => serde_json::from_slice(&event),
        }
    }

    fn in_place(event: Vec<u8>, records: Vec<Record>, source: Option<Place>) -> Self {
        let mut invocation = Self { records, bytes: event, data_len: 0, source, has_records: true };
        for record in &mut invocation.records {
            if let Some(data) = &mut record.data {
                let place = data.unwrap_or_else(|text| text);
                let length = decode_in_place(&mut invocation.bytes[place.range()], data.is_ok());
                let start = place.range().start;
                let decoded = |length| Place::new(start..start + length);
                *data = length.map(decoded).ok_or(place);
                invocation.data_len += length.unwrap_or(0);
            }
        }
        invocation
    }

    /// Gives the buffer back, when nobody needs the invocation any more.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether the event had the list `Records` at all. Without it, it did not come from a trigger.
    pub fn has_records(&self) -> bool {
        self.has_records
    }

    /// The sequence number of a record, or `None` when it has none that is text.
    pub fn sequence(&self, at: usize) -> Option<&str> {
        self.records.get(at)?.sequence.and_then(|place| self.text(place))
    }

    /// The `eventID` of a record: shard and sequence number.
    pub fn event_id(&self, at: usize) -> Option<&str> {
        self.records.get(at)?.event_id.and_then(|place| self.text(place))
    }

    /// The shard of a record, `shardId-000000000000`, when its `eventID` tells.
    pub fn shard(&self, at: usize) -> Option<&str> {
        self.event_id(at)?.split_once(':').map(|(shard, _)| shard)
    }

    /// When a record arrived in the stream, in seconds since 1970.
    pub fn arrived(&self, at: usize) -> Option<f64> {
        self.records.get(at).map(|record| record.arrived).filter(|seconds| !seconds.is_nan())
    }

    /// The data of a record: for CloudWatch Logs, gzip.
    ///
    /// # Errors
    /// When there is none.
    pub fn data(&self, at: usize) -> Result<&[u8], NoData> {
        match self.records.get(at).and_then(|record| record.data) {
            None => Err(NoData::Missing),
            Some(Err(_)) => Err(NoData::NotBase64),
            Some(Ok(place)) => self.bytes.get(place.range()).ok_or(NoData::Missing),
        }
    }

    /// The data of a record; the text that came instead where it is not base64; empty where there is none.
    pub fn raw(&self, at: usize) -> &[u8] {
        let place = self.records.get(at).and_then(|record| record.data);
        let place = place.map(|decoded| decoded.unwrap_or_else(|raw| raw));
        place.and_then(|place| self.bytes.get(place.range())).unwrap_or_default()
    }

    /// The ARN of the stream.
    pub fn source(&self) -> Option<&str> {
        self.text(self.source?)
    }

    /// How many bytes of data all records have together.
    pub fn data_len(&self) -> usize {
        self.data_len
    }

    fn text(&self, place: Place) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(place.range())?).ok()
    }

    fn push_text(&mut self, text: &str) -> Place {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        Place::new(start..self.bytes.len())
    }

    fn push_data(&mut self, base64: &str) -> Result<Place, Place> {
        let start = self.bytes.len();
        if BASE64.decode_vec(base64, &mut self.bytes).is_err() {
            self.bytes.truncate(start);
            return Err(self.push_text(base64));
        }
        self.data_len += self.bytes.len() - start;
        Ok(Place::new(start..self.bytes.len()))
    }
}

impl Record {
    fn at(found: Found) -> Self {
        Self {
            // An empty sequence number names nothing, and reporting one fails the whole batch.
            sequence: found.sequence.filter(|range| !range.is_empty()).map(Place::new),
            event_id: found.event_id.map(Place::new),
            data: found
                .data
                .map(Place::new)
                .map(|place| if found.is_base64 { Ok(place) } else { Err(place) }),
            arrived: found.arrived.unwrap_or(f64::NAN),
        }
    }
}

/// Decodes base64 where it stands. What is known to be `valid` is decoded without being looked at first, which would
/// spoil anything else. How much it becomes, or `None` when it is not valid, and as it was.
fn decode_in_place(base64: &mut [u8], valid: bool) -> Option<usize> {
    if valid {
        return base64_simd::STANDARD.decode_inplace(base64).ok().map(|data| data.len());
    }
    let data = BASE64.decode(&*base64).ok()?;
    base64.get_mut(..data.len())?.copy_from_slice(&data);
    Some(data.len())
}

/// Orders sequence numbers: decimal numbers of 50 and more digits, so a longer one is a later one and text
/// decides between equal lengths.
pub fn compare_sequences(a: &str, b: &str) -> Ordering {
    let significant = |number: &str| number.trim_start_matches('0').len();
    significant(a).cmp(&significant(b)).then_with(|| a.trim_start_matches('0').cmp(b.trim_start_matches('0')))
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
