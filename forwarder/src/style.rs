//! How lines look: what the configuration, a route and a type of log service say about them.

use serde::{Deserialize, Serialize};

/// What a line says besides the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Nothing: the message as it is.
    #[default]
    Message,
    /// Time, log group, log stream, `account=ID` for a log group of another account, and labels before the message,
    /// separated by spaces.
    Prefix,
    /// A JSON object with `time`, `id`, `owner`, `group`, `stream`, `labels`, `fields` and `message`; a message that is
    /// a JSON object is embedded as one.
    Json,
}

/// The lines that a type of destination sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRules {
    /// What a line says unless the configuration says otherwise.
    pub format: Format,
    /// When a line is cut; `None` where it never is.
    pub longest: Option<Longest>,
}

/// The longest line of a type of destination, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Longest {
    /// Unless the configuration says otherwise.
    pub default: usize,
    /// The most that the configuration may say.
    pub most: usize,
}

/// How the lines of a destination look, with everything decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// What a line says besides the message.
    pub format: Format,
    /// The longest line in bytes; a longer one is sent in parts.
    pub max_bytes: usize,
}
