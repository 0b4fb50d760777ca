//! Why a configuration is refused, in words that never quote a value of it.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::secret::redact_uuids;

/// Why a configuration is refused. The text never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// Where: a path like `destinations.audit`, or `configuration` for the whole.
    pub place: String,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(place: impl Into<String>, problem: impl AsRef<str>) -> Self {
        Self { place: place.into(), problem: redact_uuids(problem.as_ref()) }
    }
}

/// Reads a document of JSON. `whole` is the place of what is wrong with all of it.
pub(crate) fn read_json<'de, T: Deserialize<'de>>(json: &'de str, whole: &str) -> Result<T, ConfigError> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = read(&mut deserializer, whole)?;
    deserializer.end().map_err(|error| ConfigError::new(whole, error.to_string()))?;
    Ok(value)
}

/// Reads a value. `whole` is the place of what is wrong with all of it.
pub(crate) fn read<'de, T: Deserialize<'de>>(
    from: impl Deserializer<'de, Error = serde_json::Error>,
    whole: &str,
) -> Result<T, ConfigError> {
    serde_path_to_error::deserialize(from).map_err(|error| {
        let place = error.path().to_string();
        let place = if matches!(place.as_str(), "." | "?") { whole.to_owned() } else { place };
        ConfigError::new(place, without_value(&error.inner().to_string()))
    })
}

/// What was expected, without what was found: serde quotes it, and it may be a token in the wrong place.
fn without_value(problem: &str) -> String {
    let quotes = ["invalid type: ", "invalid value: "].iter().any(|start| problem.starts_with(start));
    match problem.rsplit_once(", expected ") {
        Some((_, expected)) if quotes => {
            format!("expected {}", expected.replace("struct Config", "an object with `destinations`"))
        }
        _ => problem.to_owned(),
    }
}
