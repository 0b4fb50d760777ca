//! The payload of a record, as its readers make it.

use std::borrow::Cow;

use crate::style::Format;

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
    /// Whether the log group is in another account than the function: its lines then say which.
    pub is_of_other_account: bool,
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
