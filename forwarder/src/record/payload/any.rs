//! Any JSON as a payload: what is not in the compact form that CloudWatch Logs writes.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::decoded::{Labels, LogEvent, MessageType, Payload};
use super::poison::Poison;
use crate::record::json::text;

/// Reads a payload in any form of JSON, and for all of it is the last word; it may hold up to `most` events.
///
/// # Errors
/// [`Poison::NotLogs`], [`Poison::TooManyEvents`] or [`Poison::UnknownMessageType`].
pub fn parse_any(json: &str, most: usize) -> Result<Payload<'_>, Poison> {
    let mut found = Found { most, ..Found::default() };
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = Top(&mut found).deserialize(&mut reader).and_then(|()| reader.end());
    if found.too_many {
        return Err(Poison::TooManyEvents { limit: most });
    }
    read.map_err(|error| Poison::NotLogs(describe(&error)))?;
    if let Some(at) = found.no_text {
        return Err(Poison::NotLogs(format!("logEvents[{at}].message is no text")));
    }
    let message_type = match text(found.message_type).as_ref() {
        "DATA_MESSAGE" => MessageType::Data,
        "CONTROL_MESSAGE" => MessageType::Control,
        _ => return Err(Poison::UnknownMessageType),
    };
    let filters: Vec<&RawValue> =
        found.filters.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    Ok(Payload {
        message_type,
        owner: text(found.owner),
        log_group: text(found.log_group),
        log_stream: text(found.log_stream),
        filters: filters.into_iter().filter_map(text_of).collect(),
        events: found.events.unwrap_or_default(),
        is_of_other_account: false,
        labels: Labels::new(),
        format: None,
    })
}

/// A parse error in words that hold nothing of the data: its kind and place. The messages of serde quote
/// what they refuse.
fn describe(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "an unexpected shape",
        serde_json::error::Category::Eof => "it ends too early",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// The inside of a JSON string.
fn unquote(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"')
}

/// A text; empty where it is missing or no text.
fn text(raw: Option<&RawValue>) -> Cow<'_, str> {
    raw.and_then(text_of).unwrap_or_default()
}

/// A text, if it is one.
fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    // Half of a surrogate pair becomes U+FFFD; without it the name would be lost.
    unquote(raw.get()).map(text::unescape)
}

/// The members of a payload. Each may stand there once.
#[derive(Default)]
struct Found<'a> {
    message_type: Option<&'a RawValue>,
    owner: Option<&'a RawValue>,
    log_group: Option<&'a RawValue>,
    log_stream: Option<&'a RawValue>,
    filters: Option<&'a RawValue>,
    events: Option<Vec<LogEvent<'a>>>,
    /// Maximum number of events.
    most: usize,
    too_many: bool,
    /// The position of the first event whose message is no text.
    no_text: Option<usize>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    MessageType,
    Owner,
    LogGroup,
    LogStream,
    SubscriptionFilters,
    LogEvents,
    #[serde(other)]
    Other,
}

/// The whole payload.
struct Top<'f, 'a>(&'f mut Found<'a>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for Top<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Top<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload of CloudWatch Logs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let found = self.0;
        while let Some(key) = map.next_key()? {
            let place = match key {
                Key::MessageType => &mut found.message_type,
                Key::Owner => &mut found.owner,
                Key::LogGroup => &mut found.log_group,
                Key::LogStream => &mut found.log_stream,
                Key::SubscriptionFilters => &mut found.filters,
                Key::LogEvents if found.events.is_none() => {
                    map.next_value_seed(Events(found))?;
                    continue;
                }
                Key::LogEvents => return Err(A::Error::duplicate_field("logEvents")),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if place.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(())
    }
}

/// The list of events.
struct Events<'f, 'a>(&'f mut Found<'a>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for Events<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Events<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let found = self.0;
        let events = found.events.insert(Vec::new());
        while let Some(event) = seq.next_element::<RawEvent<'a>>()? {
            if events.len() == found.most {
                found.too_many = true;
                return Err(A::Error::custom("too many events"));
            }
            if unquote(event.message.get()).is_none() && found.no_text.is_none() {
                found.no_text = Some(events.len());
            }
            events.push(event.into());
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    message: &'a RawValue,
    #[serde(borrow, default, rename = "extractedFields")]
    extracted: Option<&'a RawValue>,
}

impl<'a> From<RawEvent<'a>> for LogEvent<'a> {
    fn from(event: RawEvent<'a>) -> Self {
        let id = event.id.map(RawValue::get).unwrap_or_default();
        Self {
            id: unquote(id).unwrap_or(if id == "null" { "" } else { id }),
            timestamp: event.timestamp.and_then(|number| number.get().parse().ok()),
            message: unquote(event.message.get()).unwrap_or_default(),
            extracted: event.extracted.map(RawValue::get).filter(|fields| fields.starts_with('{')),
        }
    }
}
