//! How the function's log is written: as little as possible, and never a token or a message.
//!
//! Format and level follow the function's logging configuration (`AWS_LAMBDA_LOG_FORMAT`,
//! `AWS_LAMBDA_LOG_LEVEL`).

use serde_json::{Map, Value, json};

use crate::note::{Level, Note};
use crate::secret::redactor;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journal {
    json: bool,
    least: Level,
    /// The lowest level that Lambda does not drop, in its words, and no lower than INFO.
    passing: &'static str,
}

impl Journal {
    /// From the values of `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`; text and INFO by default.
    pub fn new(format: Option<&str>, level: Option<&str>) -> Self {
        let (least, passing) = match level.map(str::to_ascii_uppercase).as_deref() {
            Some("TRACE" | "DEBUG") => (Level::Debug, "INFO"),
            Some("WARN") => (Level::Warn, "WARN"),
            Some("ERROR") => (Level::Error, "ERROR"),
            Some("FATAL") => (Level::Error, "FATAL"),
            _ => (Level::Info, "INFO"),
        };
        Self { json: format.is_some_and(|format| format.eq_ignore_ascii_case("json")), least, passing }
    }

    /// The line of an invocation, with its end. `time` is RFC 3339.
    ///
    /// With JSON logs, Lambda drops lines below the function's log level, and takes one without a level or a valid time
    /// for INFO (AWS Lambda Developer Guide, "Log-level filtering"). Metrics are no question of level, so theirs is the
    /// lowest that passes. With text, Lambda filters nothing.
    pub fn counts(&self, mut line: Value, time: &str) -> String {
        if self.json {
            line["timestamp"] = json!(time);
            line["level"] = json!(self.passing);
        }
        format!("{line}\n")
    }

    /// The line of a note, with its end, unless the level is too low. `time` is RFC 3339.
    pub fn line(&self, note: &Note, time: &str) -> Option<String> {
        (note.level >= self.least).then(|| self.write(note, note.level.name(), time))
    }

    /// The line of a note that is no question of level: one whose level is too low gets the lowest that passes.
    pub fn always(&self, note: &Note, time: &str) -> String {
        let level = if note.level > self.least { note.level.name() } else { self.passing };
        self.write(note, level, time)
    }

    /// A note without the secrets of this process.
    fn write(&self, note: &Note, level: &str, time: &str) -> String {
        let message = redactor::redact(&note.message);
        let mut fields = note.fields.clone();
        fields.values_mut().for_each(redactor::redact_json);
        if self.json {
            let mut line = Map::new();
            line.insert("timestamp".into(), json!(time));
            line.insert("level".into(), json!(level));
            line.insert("message".into(), json!(message));
            line.extend(fields);
            return format!("{}\n", Value::Object(line));
        }
        let mut line = format!("{level} {message}");
        for (name, value) in &fields {
            line.push_str(&format!(" {name}={value}"));
        }
        line.push('\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_note_shows_a_secret() {
        redactor::learn("a-secret-of-the-journal");
        let why = "403: a-secret-of-the-journal has no access";
        let note = Note::new(Level::Warn, why, json!({"detail": why, "all": [{"why": why}]}));
        for format in ["Text", "JSON"] {
            let line = Journal::new(Some(format), None).line(&note, "2026-01-01T00:00:00Z").unwrap();
            assert!(!line.contains("a-secret") && line.matches("[redacted]").count() == 3, "{line}");
        }
    }

    #[test]
    fn notes_follow_format_and_level() {
        let note = Note::new(Level::Warn, "words", json!({"n": 1, "s": "a \"b\""}));
        let line = |format, level| Journal::new(format, level).line(&note, "2026-01-01T00:00:00Z");
        assert_eq!(line(None, None).unwrap(), "WARN words n=1 s=\"a \\\"b\\\"\"\n");
        assert_eq!(line(Some("Text"), Some("error")), None);
        for (level, passes) in
            [(None, "WARN"), (Some("WARN"), "WARN"), (Some("ERROR"), "ERROR"), (Some("FATAL"), "FATAL")]
        {
            let line = Journal::new(Some("JSON"), level).always(&note, "");
            assert!(line.contains(&format!("\"level\":\"{passes}\"")), "{level:?}: {line}");
        }
        // As a value: the order of fields depends on the features that other crates of the build ask for.
        let json_line = line(Some("JSON"), Some("WARN")).unwrap();
        assert!(json_line.ends_with("}\n"));
        assert_eq!(
            serde_json::from_str::<Value>(&json_line).unwrap(),
            json!({"level": "WARN", "message": "words", "n": 1, "s": "a \"b\"", "timestamp": "2026-01-01T00:00:00Z"})
        );
    }
}
