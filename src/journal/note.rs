//! What the forwarder says in words, with fields.

use serde_json::{Map, Value};

/// How important a note is. Lambda's `TRACE` and `FATAL` count as the nearest of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For those who look for something.
    Debug,
    /// The normal course.
    Info,
    /// Something was not delivered.
    Warn,
    /// Something is wrong with the function itself, or needs a person.
    Error,
}

/// Something that the forwarder says.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// How important.
    pub level: Level,
    /// What, in words.
    pub message: String,
    /// The version of the function that says it, a number or `$LATEST`, where its log stream is known.
    pub function_version: Option<String>,
    /// The particulars, such as `destination`, `failure` and `detail`. Those of JSON logs lack `timestamp`.
    pub fields: Map<String, Value>,
}

impl Level {
    /// By the name that stands in a line.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "TRACE" | "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" => Self::Warn,
            "ERROR" | "FATAL" => Self::Error,
            _ => return None,
        })
    }

    /// Its name in a line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl Note {
    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// The destination that it is about.
    pub fn destination(&self) -> Option<&str> {
        self.text("destination")
    }

    /// Why a destination did not accept every event: a word such as `connect` or `unauthorized`.
    pub fn failure(&self) -> Option<&str> {
        self.text("failure")
    }

    /// The reason, in words.
    pub fn detail(&self) -> Option<&str> {
        self.text("detail").or_else(|| self.text("why"))
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(ToOwned::to_owned)
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.fields.get(name)?.as_f64()
    }
}
