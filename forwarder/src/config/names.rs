//! Names of destinations: in routes, and in names of subscription filters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What separates the base name of a subscription filter from the destination it pins.
const PIN: char = '@';

/// One name, or several: in JSON a string or a list of strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "expected the name of a destination, or a list of names")]
pub enum Names {
    /// One.
    One(String),
    /// Several; at least one, and none twice.
    Several(Vec<String>),
}

impl Names {
    /// All of them, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
        .iter()
        .map(String::as_str)
    }
}

impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Self::One(name.to_owned())
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

pub(super) fn is_destination_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The destination that a subscription filter pins: what stands after the last `@` of its name.
///
/// A text after `@` that cannot be the name of a destination pins nothing.
pub fn pinned_destination(filter_name: &str) -> Option<&str> {
    filter_name.rsplit_once(PIN).map(|(_, destination)| destination).filter(|name| is_destination_name(name))
}

/// The name of a subscription filter that pins a destination: `base@destination`.
pub fn filter_name(base: &str, destination: &str) -> String {
    format!("{base}{PIN}{destination}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_pins_its_destination_by_name() {
        assert_eq!(filter_name("cloudwatchLogsFilter", "audit"), "cloudwatchLogsFilter@audit");
        assert_eq!(pinned_destination("cloudwatchLogsFilter@audit"), Some("audit"));
        assert_eq!(pinned_destination("a@b@c"), Some("c"));
        for none in ["cloudwatchLogsFilter", "x@", "x@two words"] {
            assert_eq!(pinned_destination(none), None);
        }
    }
}
