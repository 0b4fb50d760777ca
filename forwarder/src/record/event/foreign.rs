//! Events that this function is not made for.
//!
//! Answering one with success would delete it: an SQS message is removed from its queue, an asynchronous event is never
//! retried. So the invocation fails, and the message says what invokes the function and what to do.

use std::fmt;

/// The `eventSource` of a Kinesis record.
const KINESIS: &str = "aws:kinesis";

/// Maximum length of an event source's name in a message, in bytes. Those of AWS have about 20.
const LONGEST_NAME: usize = 64;

/// What an event is that is neither a batch of Kinesis records nor a direct subscription of CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A record or the event names another source, for instance `aws:sqs`.
    Source(String),
    /// It has neither `Records` nor `awslogs`, and names no source.
    Unknown,
    /// It has `Records`, and none of them is of Kinesis.
    NoKinesisRecord,
    /// It has both `Records` and `awslogs`, which AWS never sends together.
    Both,
}

impl Foreign {
    /// Another source by its name, as far as that can be shown in a log.
    fn source(name: &str) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":.-_/".contains(&byte);
        let is_name = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_plain);
        Self::Source(if is_name { name } else { "an unknown event source" }.to_owned())
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(source) => write!(f, "the event comes from {source}"),
            Self::Unknown => f.write_str("the event has neither `Records` nor `awslogs`"),
            Self::NoKinesisRecord => f.write_str("none of the event's `Records` is a Kinesis record"),
            Self::Both => f.write_str("the event has both `Records` and `awslogs`"),
        }?;
        f.write_str(
            "; this function takes only batches of Kinesis records and direct CloudWatch Logs subscriptions, so nothing \
             was delivered; remove the trigger, subscription or permission that invokes the function with such events",
        )
    }
}

/// What the keys of an event tell about where it comes from.
#[derive(Debug, Default)]
pub(super) struct Clues {
    /// The event has the list `Records`.
    pub(super) records: bool,
    /// The event has `awslogs`.
    pub(super) awslogs: bool,
    /// A source that the event itself names.
    pub(super) named: Option<String>,
    kinesis_records: usize,
    unknown_records: usize,
    other: Option<String>,
}

/// What the keys of a record tell.
#[derive(Debug, Default)]
pub(super) struct RecordClues {
    /// It has `kinesis`.
    pub(super) kinesis: bool,
    /// Its `eventSource`.
    pub(super) source: Option<String>,
}

impl Clues {
    /// Notes a record. One with `kinesis.data` is of Kinesis, whatever else it says: what can be read is delivered.
    pub(super) fn note(&mut self, record: RecordClues, has_data: bool) {
        match record.source {
            _ if has_data => self.kinesis_records += 1,
            Some(source) if source != KINESIS => self.other = self.other.take().or(Some(source)),
            None if !record.kinesis => self.unknown_records += 1,
            _ => self.kinesis_records += 1,
        }
    }

    /// The verdict. A batch without records is none: `{"Records":[]}` is how to ask whether the function works.
    pub(super) fn verdict(self) -> Option<Foreign> {
        match self {
            Self { records: true, awslogs: true, .. } => Some(Foreign::Both),
            Self { other: Some(source), .. } => Some(Foreign::source(&source)),
            Self { records: true, kinesis_records: 0, unknown_records: 1.., .. } => {
                Some(Foreign::NoKinesisRecord)
            }
            Self { records: false, awslogs: false, named, .. } => {
                Some(named.map_or(Foreign::Unknown, |name| Foreign::source(&name)))
            }
            _ => None,
        }
    }
}
