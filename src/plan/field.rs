//! A field of a resource that changes: as data, and in words.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::output::visible;

/// A field that changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name, in lower case with underscores and the unit of a number at the end: `retention_hours`.
    pub name: &'static str,
    /// Which of several of this name: the key of a tag, the path of a configured value, the name of an inline policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it was; none where it was not there. Null is a setting that is there and has no value.
    pub old: Option<Value>,
    /// What it becomes; none where it is removed. A secret is [`HIDDEN`].
    pub new: Option<Value>,
    /// Why, or what else there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What stands for a secret.
pub(crate) const HIDDEN: &str = "(not shown)";

/// The units of numbers, by the end of the name.
const UNITS: [(&str, &str); 5] =
    [("_mb", "MB"), ("_milliseconds", "ms"), ("_seconds", "s"), ("_hours", "h"), ("_days", "days")];

impl Field {
    /// A field that gets a value.
    pub(crate) fn set(name: &'static str, new: impl Into<Value>) -> Self {
        Self { name, new: Some(new.into()), ..Self::default() }
    }

    /// A field that had another value.
    pub(crate) fn change(name: &'static str, old: impl Into<Value>, new: impl Into<Value>) -> Self {
        Self { old: Some(old.into()), ..Self::set(name, new) }
    }

    /// A field that is removed.
    pub(crate) fn remove(name: &'static str, old: impl Into<Value>) -> Self {
        Self { name, old: Some(old.into()), ..Self::default() }
    }

    /// Which of several of this name.
    #[must_use]
    pub(crate) fn of(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Why.
    #[must_use]
    pub(crate) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Its name in words, without the unit: `retention`, `tag team`.
    pub fn label(&self) -> String {
        let words =
            self.unit().map_or(self.name, |(end, _)| self.name.trim_end_matches(end)).replace('_', " ");
        match &self.key {
            Some(key) => format!("{words} {key}"),
            None => words,
        }
    }

    /// One of its values in words, with the unit: `24 h`.
    pub fn shown(&self, value: &Value) -> String {
        match value {
            Value::Null if self.name.starts_with("maximum_") || self.name.starts_with("retention_") => {
                "unlimited".to_owned()
            }
            Value::Null => "none".to_owned(),
            Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
            Value::Number(number) => match self.unit() {
                Some((_, "days")) if number.as_u64() == Some(1) => "1 day".to_owned(),
                Some((_, unit)) => format!("{number} {unit}"),
                None => number.to_string(),
            },
            Value::String(text) if self.name == "pattern" => match text.as_str() {
                "" => "every event".to_owned(),
                text => format!("'{text}'"),
            },
            // The kind of a resource, as it is spelled in JSON.
            Value::String(kind) if self.name == "covered_by" => kind.replace('-', " "),
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Array(items) if !items.iter().any(Value::is_object) => {
                items.iter().map(plain).collect::<Vec<_>>().join(", ")
            }
            Value::Array(_) => value.to_string(),
            Value::Object(parts) => {
                let parts = parts.iter().filter(|(_, part)| !part.is_null());
                let part =
                    |(name, part): (&String, &Value)| format!("{} {}", name.replace('_', " "), plain(part));
                parts.map(part).collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn unit(&self) -> Option<(&'static str, &'static str)> {
        UNITS.into_iter().find(|(end, _)| self.name.ends_with(end))
    }
}

/// A text without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Value| visible(self.shown(value));
        f.write_str(&visible(self.label()))?;
        match (&self.old, &self.new) {
            (None, Some(new)) => write!(f, ": {}", shown(new)),
            (Some(old), None) => write!(f, ": {} -> (removed)", shown(old)),
            (Some(old), Some(new)) if old == new && *new == HIDDEN => {
                return f.write_str(": changed, not shown");
            }
            // Part of a value is hidden, and that part changes.
            (Some(old), Some(new)) if old == new => write!(f, ": {}", shown(new)),
            (Some(old), Some(new)) => write!(f, ": {} -> {}", shown(old), shown(new)),
            (None, None) => Ok(()),
        }?;
        match &self.why {
            Some(why) => write!(f, " ({})", visible(why)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_data_in_json_and_words_on_a_screen() {
        let cases = [
            (Field::set("memory_mb", 256), "memory: 256 MB"),
            (Field::change("retention_days", Value::Null, 1), "retention: unlimited -> 1 day"),
            (Field::change("kms_key", Value::Null, "alias/a"), "kms key: none -> alias/a"),
            (Field::change("bisect_on_error", false, true), "bisect on error: no -> yes"),
            (Field::set("pattern", ""), "pattern: every event"),
            (Field::set("pattern", "{ $.a = 1 }"), "pattern: '{ $.a = 1 }'"),
            (Field::remove("tag", "x").of("team"), "tag team: x -> (removed)"),
            (Field::set("shard_changes", vec![2, 4]).because("2 a day"), "shard changes: 2, 4 (2 a day)"),
            (
                Field::set("code", json!({"version": "0.1.0", "source": "abc"})),
                "code: version 0.1.0, source abc",
            ),
            (Field::change("config", HIDDEN, HIDDEN).because("changed"), "config: changed, not shown"),
        ];
        for (field, words) in cases {
            assert_eq!(field.to_string(), words);
        }
        let field = Field::change("memory_mb", 128, 256);
        assert_eq!(json!(field), json!({"name": "memory_mb", "old": 128, "new": 256}));
        let tag = Field::set("tag", "x").of("team");
        assert_eq!(json!(tag), json!({"name": "tag", "key": "team", "old": null, "new": "x"}));
    }
}
