//! What a record holds: gzip around the JSON that CloudWatch Logs writes for a subscription.
//!
//! Decoding borrows: an event's message stays the escaped JSON text in the buffer until it is written out.

mod any;
mod compact;
mod repair;

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use crate::record::aggregate::Damage;
use crate::record::inflate;
use crate::style::Format;
pub use any::parse_any;
pub use repair::repair;

/// How large a record may become when it is decompressed, and how much an invocation may hold.
///
/// Sizes and numbers protect memory. The ratio protects time: an invocation of many small bombs would pass any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Maximum size of a decompressed record, in bytes.
    pub size: usize,
    /// Maximum of the decompressed size divided by the compressed size,
    pub ratio: usize,
    /// except that this many bytes are always allowed: a single event may be a megabyte of one character.
    pub always: usize,
    /// Maximum number of events in a record.
    pub events: usize,
    /// Maximum number of parts in an invocation, see [`crate::record::parts::Parts`].
    pub parts: usize,
}

impl Cap {
    /// The cap for a function with this many megabytes of memory. A decompressed record may take a quarter of it (16 to 256
    /// MiB), and the list of its events as much again; the parts of an invocation take an eighth at most.
    ///
    /// CloudWatch Logs stays far below. It compresses a batch to at most 1 MB, and real logs shrink to a tenth or a
    /// twentieth. What it writes around a message has more than 100 bytes, and the list takes 64 bytes an event. A
    /// payload has more than 150 bytes when it is compressed, so that the 6 MB of an invocation hold some 30,000.
    pub fn for_memory(megabytes: usize) -> Self {
        let size = (megabytes / 4).clamp(16, 256) << 20;
        let events = size / size_of::<LogEvent<'_>>();
        Self { size, ratio: 200, always: 8 << 20, events, parts: size / 512 }
    }

    /// Maximum memory for one decoded record with the list of its events, in bytes.
    pub(crate) fn memory(self) -> usize {
        self.size.saturating_add(self.events.saturating_mul(size_of::<LogEvent<'_>>()))
    }

    fn limit(self, compressed: usize) -> usize {
        compressed.saturating_mul(self.ratio).max(self.always).min(self.size)
    }
}

/// Why a record cannot be understood. Such a record is quarantined: no retry can help it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poison {
    /// No `kinesis.data` or `awslogs.data`.
    NoData,
    /// The data is not base64.
    NotBase64,
    /// The data does not start like gzip.
    NotGzip,
    /// Records that the Kinesis Producer Library packed into one, which cannot be taken apart.
    BrokenAggregate(Damage),
    /// The gzip data is damaged: a wrong checksum, a truncated member, bytes after the end.
    BrokenGzip(String),
    /// More than the cap when decompressed.
    TooLarge {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
    /// More events than the cap.
    TooManyEvents {
        /// The limit that was passed.
        limit: usize,
    },
    /// The decompressed data is not UTF-8, and no JSON of CloudWatch Logs when invalid sequences are replaced.
    NotUtf8,
    /// Not JSON, or not of the shape that CloudWatch Logs writes.
    NotLogs(String),
    /// A `messageType` that is neither `DATA_MESSAGE` nor `CONTROL_MESSAGE`.
    UnknownMessageType,
    /// No destination takes it; why.
    Unrouted(String),
    /// The forwarder itself failed on it.
    Panicked,
}

impl Poison {
    /// Whether every function that reads the record finds the same: it depends on nothing but the record, and not on
    /// the memory of a function or on the rules that only one of them applies.
    pub fn is_of_the_record(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::TooManyEvents { .. } | Self::Panicked)
    }

    /// A short name for counts and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::NotBase64 => "not_base64",
            Self::NotGzip => "not_gzip",
            Self::BrokenAggregate(_) => "broken_aggregate",
            Self::BrokenGzip(_) => "broken_gzip",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyEvents { .. } => "too_many_events",
            Self::NotUtf8 => "not_utf8",
            Self::NotLogs(_) => "not_cloudwatch_logs",
            Self::UnknownMessageType => "unknown_message_type",
            Self::Unrouted(_) => "unrouted",
            Self::Panicked => "internal_error",
        }
    }
}

impl fmt::Display for Poison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("the record has no data"),
            Self::NotBase64 => f.write_str("the data is not base64"),
            Self::NotGzip => f.write_str("the data is not gzip; CloudWatch Logs always compresses"),
            Self::BrokenAggregate(damage) => {
                write!(f, "the aggregated record of the Kinesis Producer Library is damaged: {damage}")
            }
            Self::BrokenGzip(why) => write!(f, "the gzip data is damaged: {why}"),
            Self::TooLarge { limit } => write!(f, "the data passes {limit} bytes when decompressed"),
            Self::TooManyEvents { limit } => {
                write!(
                    f,
                    "the record holds more than {limit} events, which do not fit in the function's memory"
                )
            }
            Self::NotUtf8 => f.write_str("the decompressed data is not UTF-8"),
            Self::NotLogs(why) => write!(f, "the data is not what CloudWatch Logs writes: {why}"),
            Self::UnknownMessageType => {
                f.write_str("the messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE")
            }
            Self::Unrouted(why) => write!(f, "no destination takes it: {why}"),
            Self::Panicked => f.write_str("the forwarder failed on it; please report this"),
        }
    }
}

/// The first bytes of a gzip member that uses deflate.
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Decompresses all gzip members of `data` into `out`, which is cleared first.
///
/// # Errors
/// [`Poison::NotGzip`], [`Poison::BrokenGzip`] or [`Poison::TooLarge`].
pub fn gunzip(data: &[u8], cap: Cap, out: &mut Vec<u8>) -> Result<(), Poison> {
    out.clear();
    if !data.starts_with(&GZIP_MAGIC) {
        return Err(Poison::NotGzip);
    }
    let limit = cap.limit(data.len());
    match inflate::single_member(data, limit, out) {
        Some(()) => Ok(()),
        None => gunzip_in_pieces(data, cap, out),
    }
}

/// The same for data that is anything but one whole member, and for all of it the last word.
///
/// # Errors
/// As [`gunzip`].
pub fn gunzip_in_pieces(data: &[u8], cap: Cap, out: &mut Vec<u8>) -> Result<(), Poison> {
    out.clear();
    if !data.starts_with(&GZIP_MAGIC) {
        return Err(Poison::NotGzip);
    }
    let limit = cap.limit(data.len());
    // One byte more than allowed tells "exactly full" from "too large".
    let mut decoder = MultiGzDecoder::new(data).take(limit as u64 + 1);
    decoder.read_to_end(out).map_err(|error| Poison::BrokenGzip(error.to_string()))?;
    if out.len() > limit { Err(Poison::TooLarge { limit }) } else { Ok(()) }
}

/// What kind of message a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// Log events.
    Data,
    /// A test of the subscription: nothing for a log service.
    Control,
}

/// Labels by name, in order of their names.
pub type Labels = Vec<(String, String)>;

/// The decoded payload of one record.
#[derive(Debug, PartialEq)]
pub struct Payload<'a> {
    /// What kind of message it is.
    pub message_type: MessageType,
    /// The account that owns the log group.
    pub owner: Cow<'a, str>,
    /// The log group.
    pub log_group: Cow<'a, str>,
    /// The log stream.
    pub log_stream: Cow<'a, str>,
    /// The names of the subscription filters that matched.
    pub filters: Vec<Cow<'a, str>>,
    /// The events; of a route with rules, those that it keeps.
    pub events: Vec<LogEvent<'a>>,
    /// The labels that its route gives to its events.
    pub labels: Labels,
    /// What lines say besides the message, where its route has a say in it.
    pub format: Option<Format>,
}

/// One log event, still in the words of the JSON text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogEvent<'a> {
    /// The id without quotes, as it stands in the JSON: digits, in practice. Empty when it is missing.
    pub id: &'a str,
    /// Milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The message as a JSON string without its quotes: escapes are still escapes.
    pub message: &'a str,
    /// The object of fields that the filter pattern extracted, as JSON.
    pub extracted: Option<&'a str>,
}

/// Reads the JSON of a payload, of any number of events. See [`parse_within`].
///
/// # Errors
/// As [`parse_within`], but for [`Poison::TooManyEvents`].
pub fn parse(json: &[u8]) -> Result<Payload<'_>, Poison> {
    parse_within(json, usize::MAX)
}

/// Reads the JSON of a payload that may hold up to `most` events.
///
/// `messageType` is needed, and of an event its `message`; whatever else is missing or of another type is
/// taken as empty.
///
/// # Errors
/// [`Poison::NotUtf8`], [`Poison::NotLogs`], [`Poison::TooManyEvents`] or [`Poison::UnknownMessageType`].
pub fn parse_within(json: &[u8], most: usize) -> Result<Payload<'_>, Poison> {
    let json = simdutf8::basic::from_utf8(json).map_err(|_| Poison::NotUtf8)?;
    compact::payload(json, most).map_or_else(|| parse_any(json, most), Ok)
}

#[cfg(test)]
mod tests;
