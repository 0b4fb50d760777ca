//! The event of an invocation, read leniently: a batch of Kinesis records, or one payload of a direct CloudWatch Logs
//! subscription, which becomes one record without a sequence number.
//!
//! In an event as Lambda writes it, the base64 of each record is decoded where it stands. Any other event is read by
//! serde_json, and decoded into a new buffer.
//!
//! What AWS wraps around a record is always well-formed; a record itself can hold anything. One that cannot be read
//! stays in the list with the reason, because an invocation that fails as a whole is retried as a whole and blocks its
//! shard. So any JSON value deserialises into an [`Invocation`]. An event of
//! another source says so, see [`Invocation::foreign`].

mod any_json;
mod compact;
mod foreign;

use std::cmp::Ordering;
use std::num::NonZeroU32;
use std::ops::Range;

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::record::vectors;
use compact::Found;
pub use foreign::Foreign;

/// Standard base64; padding is optional because a missing `=` loses nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One invocation: its records in the order of the shard.
#[derive(Debug, Default)]
pub struct Invocation {
    records: Vec<Record>,
    /// What the places of the records are places in: texts, and data.
    bytes: Vec<u8>,
    data_len: usize,
    /// The ARN of the stream, of the first record that has one.
    source: Option<Place>,
    /// Whether it is one payload of a direct subscription.
    is_direct: bool,
    foreign: Option<Foreign>,
}

/// A record: small, because there may be ten thousand of them.
#[derive(Debug)]
struct Record {
    sequence: Option<Place>,
    event_id: Option<Place>,
    data: Data,
    /// NaN where it is not known. JSON has no NaN.
    arrived: f64,
}

impl Default for Record {
    fn default() -> Self {
        Self { sequence: None, event_id: None, data: Data::Missing, arrived: f64::NAN }
    }
}

/// Where the data of a record is, and in which form.
#[derive(Clone, Copy, Debug, Default)]
enum Data {
    #[default]
    Missing,
    Decoded(Place),
    /// As it came.
    NotBase64(Place),
}

/// From where to where. An invocation is at most 6 MB, so 32 bits are enough.
///
/// The end plus one, which is never zero, so that an `Option` of a place is no larger than a place.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u32,
    end_plus_one: NonZeroU32,
}

impl Place {
    fn new(range: Range<usize>) -> Self {
        let [start, end] = [range.start, range.end].map(count);
        Self { start, end_plus_one: NonZeroU32::MIN.saturating_add(end) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end_plus_one.get() as usize - 1
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
        // Lambda writes about this much around a record. Memory that is reserved and not used costs nothing.
        let mut records = Vec::with_capacity(event.len() / 512 + 1);
        let (mut source, mut all_have_data) = (None, true);
        let take = |mut found: Found| {
            source = source.or(found.source.take().map(Place::new));
            all_have_data &= found.data.is_some();
            records.push(Record::at(found));
        };
        match compact::records(&event, take) {
            // Whether a record without data is of Kinesis at all, the other reader finds out.
            Some(()) if all_have_data => {
                let mut invocation = Self { records, bytes: event, source, ..Self::default() };
                invocation.decode();
                Ok(invocation)
            }
            _ => serde_json::from_slice(&event),
        }
    }

    /// Decodes the data of all records where it stands.
    fn decode(&mut self) {
        let mut decoded = Vec::new();
        for record in &mut self.records {
            let Data::NotBase64(place) = record.data else { continue };
            let text = &mut self.bytes[place.range()];
            decoded.clear();
            let padded = base64_simd::STANDARD.decode_append(&*text, &mut decoded);
            if padded.is_ok() || BASE64.decode(&*text).map(|data| decoded = data).is_ok() {
                text[..decoded.len()].copy_from_slice(&decoded);
                self.data_len += decoded.len();
                let start = place.range().start;
                record.data = Data::Decoded(Place::new(start..start + decoded.len()));
            }
        }
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What the event is if it is none that this function is made for. Then the invocation has to fail.
    pub fn foreign(&self) -> Option<&Foreign> {
        self.foreign.as_ref()
    }

    /// Whether CloudWatch Logs invoked the function without a stream between: `{"awslogs":{"data":"..."}}`. Its one
    /// record has no sequence number, and nothing but Lambda's retries brings it again.
    pub fn is_direct(&self) -> bool {
        self.is_direct
    }

    /// The sequence number of a record, or `None` when it has none that is text.
    pub fn sequence(&self, at: usize) -> Option<&str> {
        self.records.get(at)?.sequence.and_then(|place| self.text(place))
    }

    /// The `eventID` of a record: shard and sequence number. Of a direct subscription, `awslogs:` and a checksum, which
    /// stays the same when Lambda retries the event.
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
        match self.data_of(at) {
            Data::Missing => Err(NoData::Missing),
            Data::NotBase64(_) => Err(NoData::NotBase64),
            Data::Decoded(place) => Ok(&self.bytes[place.range()]),
        }
    }

    /// Prefetches the beginning of a record's data, which will be read soon.
    pub(crate) fn prefetch(&self, at: usize) {
        /// Maximum bytes to prefetch: the record of a quiet log group. In a larger one the processor reads ahead
        /// itself.
        const MOST: usize = 512;
        let data = self.data(at).unwrap_or_default();
        vectors::prefetch(&data[..data.len().min(MOST)]);
    }

    /// The data of a record; the text that came instead where it is not base64; empty where there is none.
    pub fn raw(&self, at: usize) -> &[u8] {
        match self.data_of(at) {
            Data::Missing => &[],
            Data::NotBase64(place) | Data::Decoded(place) => &self.bytes[place.range()],
        }
    }

    /// The ARN of the stream.
    pub fn source(&self) -> Option<&str> {
        self.text(self.source?)
    }

    /// How many bytes of data all records have together, decoded.
    pub fn data_len(&self) -> usize {
        self.data_len
    }

    fn data_of(&self, at: usize) -> Data {
        self.records.get(at).map_or(Data::Missing, |record| record.data)
    }

    fn text(&self, place: Place) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(place.range())?).ok()
    }

    fn push_text(&mut self, text: &str) -> Place {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        Place::new(start..self.bytes.len())
    }

    fn push_data(&mut self, base64: &str) -> Data {
        let start = self.bytes.len();
        if BASE64.decode_vec(base64, &mut self.bytes).is_err() {
            self.bytes.truncate(start);
            return Data::NotBase64(self.push_text(base64));
        }
        self.data_len += self.bytes.len() - start;
        Data::Decoded(Place::new(start..self.bytes.len()))
    }
}

impl Record {
    fn at(found: Found) -> Self {
        Self {
            // An empty sequence number names nothing, and reporting one fails the whole batch.
            sequence: found.sequence.filter(|range| !range.is_empty()).map(Place::new),
            event_id: found.event_id.map(Place::new),
            data: found.data.map_or(Data::Missing, |range| Data::NotBase64(Place::new(range))),
            arrived: found.arrived.unwrap_or(f64::NAN),
        }
    }
}

/// An invocation is at most 6 MB, and what it becomes at most 256 MB at a time, so 32 bits count everything in it.
pub(crate) fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// Orders sequence numbers: decimal numbers of 50 and more digits, so a longer one is a later one and text
/// decides between equal lengths.
pub fn compare_sequences(a: &str, b: &str) -> Ordering {
    let significant = |number: &str| number.trim_start_matches('0').len();
    significant(a).cmp(&significant(b)).then_with(|| a.trim_start_matches('0').cmp(b.trim_start_matches('0')))
}

#[cfg(test)]
mod tests;
