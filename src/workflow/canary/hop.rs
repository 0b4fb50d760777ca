//! One part of the way of a canary, and how it went.

use std::fmt;

use serde::Serialize;

use crate::output::style::{BAD, DIM, GOOD, WARN};
use crate::output::{visible, width, wrapped, wrapped_but};

/// How a part of the way went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It works.
    Ok,
    /// The canary has not come this far in time, and nothing that was looked at is broken.
    Late,
    /// It is broken.
    Fault,
    /// Whether it works is not known.
    Unknown,
}

/// The parts of the way, in the order of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Leg {
    /// The line is written to the log group.
    LogGroup,
    /// Its record is in the stream.
    Stream,
    /// The forwarder has taken the record.
    Forwarder,
    /// A destination has accepted the line.
    Destination,
}

/// One part of the way, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Hop {
    /// Which part.
    pub stage: Leg,
    /// How it went.
    pub state: State,
    /// Seconds since the line was written; of a direct invocation, how long it took.
    #[serde(serialize_with = "crate::output::seconds")]
    pub seconds: f64,
    /// Whether the function was invoked directly, with a record of the canary's own, past the stream.
    pub direct: bool,
    /// The destination, of that stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// What was found, in words.
    pub found: String,
    /// How long the last receipt of the destination took, in milliseconds, where it delivered and said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_ms: Option<f64>,
    /// The kind of failure, such as `connect`, where a destination gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What the receipt of this type of log service proves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<&'static str>,
}

impl Hop {
    /// A part of the chain after these seconds.
    pub(crate) fn new(stage: Leg, state: State, seconds: f64, found: impl Into<String>) -> Self {
        Self {
            stage,
            state,
            seconds,
            direct: false,
            destination: None,
            found: found.into(),
            receipt_ms: None,
            failure: None,
            proof: None,
        }
    }
}

/// Columns of the beginning of a row: state and seconds.
const INDENT: usize = 18;

impl fmt::Display for Hop {
    /// One row, and more where it is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (style, word) = match self.state {
            State::Ok => (GOOD, "ok"),
            State::Late => (WARN, "LATE"),
            State::Fault => (BAD, "FAULT"),
            State::Unknown => (WARN, "?"),
        };
        write!(f, "  {style}{word:<5}{style:#} {:>6.2} s  ", self.seconds)?;
        let mut text = String::new();
        if let Some(destination) = &self.destination {
            text = format!("{destination}  ");
        }
        text += &self.found;
        // A text from outside must not look like an entry of a list.
        let text = visible(&text);
        let lines = wrapped_but(&text, width() - INDENT, |word| word.starts_with('-'));
        for (at, line) in lines.enumerate() {
            if at > 0 {
                write!(f, "\n{:INDENT$}", "")?;
            }
            f.write_str(&line)?;
        }
        match self.proof {
            Some(proof) => wrapped(proof, width() - INDENT)
                .try_for_each(|line| write!(f, "\n{:INDENT$}{DIM}{line}{DIM:#}", "")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_at_most_a_hundred_columns_wide() {
        let long = "connect: data.eu.logentries.example:443: Connection refused (os error 111), ".repeat(4);
        let hop = Hop {
            destination: Some("app".to_owned()),
            ..Hop::new(Leg::Destination, State::Fault, 5.333, long.trim())
        };
        let plain = without_styles(&hop.to_string());
        assert!(plain.lines().count() > 3, "{plain}");
        assert!(plain.lines().all(|line| line.chars().count() <= 100), "{plain}");
        assert!(plain.starts_with("  FAULT   5.33 s  app  connect: data.eu"), "{plain}");
        assert!(plain.lines().skip(1).all(|line| line.starts_with(&" ".repeat(INDENT))), "{plain}");
    }

    /// A text without its styles.
    fn without_styles(text: &str) -> String {
        let mut plain = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                chars.by_ref().find(|c| *c == 'm');
            } else {
                plain.push(c);
            }
        }
        plain
    }
}
