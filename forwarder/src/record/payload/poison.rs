//! Why a record cannot be understood.

use std::fmt;

use crate::record::aggregate::Damage;

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
