//! One line of the log.

use serde_json::{Map, Value};

use super::invocation::Invocation;
use super::note::{Level, Note};
use super::platform::Platform;
use super::text;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// What an invocation did: the line that each invocation ends with, with or without metrics.
    Invocation(Box<Invocation>),
    /// A process of the forwarder has started.
    Started(Started),
    /// A canary has arrived, and what became of it.
    Canary(Canary),
    /// Anything else that the forwarder says: warnings, errors.
    Note(Note),
    /// What Lambda says: `START`, `END`, `REPORT` and their kin.
    Platform(Platform),
    /// None of these, as it was logged.
    Other(String),
}

/// A process of the forwarder has started. Older forwarders do not say so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Started {
    /// The version of the forwarder.
    pub version: Option<String>,
    /// The version of the Lambda function: a number or `$LATEST`.
    pub function_version: Option<String>,
    /// The names of the destinations that it serves.
    pub destinations: Vec<String>,
    /// Its memory, in MB.
    pub memory_mb: Option<u64>,
}

/// What became of a canary at one destination.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Canary {
    /// The id that its sender gave it.
    pub id: String,
    /// The destination; none where it goes to none.
    pub destination: Option<String>,
    /// `delivered`, `failed` (it is retried), `refused`, `filtered` or `quarantined`.
    pub outcome: String,
    /// Milliseconds until the last receipt of the destination; only where it was delivered.
    pub receipt_ms: Option<f64>,
    /// Milliseconds from the arrival of its record in the stream to this note; none for a direct subscription.
    pub lag_ms: Option<f64>,
    /// The kind of failure, such as `connect`, where it failed.
    pub failure: Option<String>,
    /// More about the failure.
    pub detail: Option<String>,
}

impl Entry {
    /// Reads a line. Every line is something, if only [`Entry::Other`].
    pub fn read(line: &str) -> Self {
        let line = line.trim();
        // JSON that is nested too deeply for the reader is not the forwarder's.
        let read = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Self::of_object(object),
            _ => text::note(line).map(Self::of_note).or_else(|| Platform::of_text(line).map(Self::Platform)),
        };
        read.unwrap_or_else(|| Self::Other(line.to_owned()))
    }

    /// The same as a line of this log stream, whose name has the version of the function: `2026/11/30/[7]0a1b`.
    #[must_use]
    pub fn of_stream(mut self, log_stream: &str) -> Self {
        let version = match &mut self {
            Self::Note(note) => &mut note.function_version,
            Self::Platform(platform) => &mut platform.function_version,
            _ => return self,
        };
        let in_name = || Some(log_stream.split_once('[')?.1.split_once(']')?.0.to_owned());
        *version = version.take().or_else(in_name);
        self
    }

    /// The version of the function that wrote it, a number or `$LATEST`, as far as that is known.
    pub fn function_version(&self) -> Option<&str> {
        match self {
            Self::Invocation(invocation) => invocation.function_version.as_deref(),
            Self::Platform(platform) => platform.function_version.as_deref(),
            Self::Started(started) => started.function_version.as_deref(),
            Self::Note(note) => note.function_version.as_deref(),
            Self::Canary(_) | Self::Other(_) => None,
        }
    }

    /// How important it is. The outcome of an invocation counts as a warning where something was not delivered, and as
    /// an error where that does not end by itself.
    pub fn level(&self) -> Level {
        match self {
            Self::Invocation(invocation) if invocation.is_whole() => Level::Info,
            Self::Invocation(invocation) if invocation.needs_a_person() => Level::Error,
            Self::Invocation(_) => Level::Warn,
            Self::Canary(canary) if canary.outcome != "delivered" => Level::Warn,
            Self::Started(_) | Self::Canary(_) | Self::Other(_) => Level::Info,
            Self::Note(note) => note.level,
            Self::Platform(platform) if platform.failure.is_some() => Level::Error,
            Self::Platform(_) => Level::Info,
        }
    }

    fn of_object(mut object: Map<String, Value>) -> Option<Self> {
        if let Some(invocation) = Invocation::of_object(&object) {
            return Some(Self::Invocation(Box::new(invocation)));
        }
        if let Some(platform) = Platform::of_object(&object) {
            return Some(Self::Platform(platform));
        }
        let level = Level::named(object.get("level")?.as_str()?)?;
        let message = object.get("message")?.as_str()?.to_owned();
        for name in ["level", "message", "timestamp"] {
            object.remove(name);
        }
        Some(Self::of_note(Note { level, message, function_version: None, fields: object }))
    }

    fn of_note(note: Note) -> Self {
        match note.message.as_str() {
            "started" => Self::Started(Started::of(&note)),
            "canary" => Canary::of(&note).map_or(Self::Note(note), Self::Canary),
            _ => Self::Note(note),
        }
    }
}

impl Started {
    fn of(note: &Note) -> Self {
        let destinations = note.fields.get("destinations").and_then(Value::as_array).into_iter().flatten();
        Self {
            version: note.owned("version"),
            function_version: note.owned("function_version"),
            destinations: destinations.filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
            memory_mb: note.fields.get("memory_mb").and_then(Value::as_u64),
        }
    }
}

impl Canary {
    fn of(note: &Note) -> Option<Self> {
        Some(Self {
            id: note.owned("id")?,
            destination: note.owned("destination"),
            outcome: note.owned("outcome")?,
            receipt_ms: note.number("receipt_ms"),
            lag_ms: note.number("lag_ms"),
            failure: note.owned("failure"),
            detail: note.owned("detail"),
        })
    }
}
