//! What the function says in its own log, before it is a line.

use serde_json::{Map, Value};

/// How important a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for something.
    Debug,
    /// The normal course.
    Info,
    /// Something was not delivered.
    Warn,
    /// Something is wrong with the function itself.
    Error,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One thing to say in the log of the function.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// How important.
    pub level: Level,
    /// What, in words.
    pub message: String,
    /// The particulars.
    pub fields: Map<String, Value>,
}

impl Note {
    /// A note; `fields` is a JSON object.
    pub fn new(level: Level, message: impl Into<String>, fields: Value) -> Self {
        let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
        Self { level, message: message.into(), fields }
    }
}
