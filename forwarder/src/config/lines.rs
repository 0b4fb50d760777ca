//! How the lines of a destination look.

use serde::{Deserialize, Serialize};

use crate::destination::Settings as Destination;
use crate::style::{Format, Longest, Style};

/// Minimum of `max_bytes`: after token and mark, enough is left of a line to be worth one.
const SHORTEST: usize = 1024;

/// How the lines of a destination look; what is not given is up to its type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// What a line says besides the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The longest line in bytes, with everything: from 1,024 to what the service takes. A longer one is sent in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<usize>,
}

impl Lines {
    /// What is not given is what the type of the destination has.
    pub fn style(&self, destination: &Destination) -> Style {
        let rules = destination.line_rules();
        let default = rules.and_then(|rules| rules.longest).map(|longest| longest.default);
        Style {
            format: self.format.or(rules.map(|rules| rules.format)).unwrap_or_default(),
            max_bytes: self.max_bytes.or(default).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn validate(&self, destination: &Destination) -> Result<(), String> {
        let kind = destination.type_name();
        let Some(rules) = destination.line_rules() else {
            return match self {
                Self { format: None, max_bytes: None } => Ok(()),
                _ => Err(format!(
                    "a destination of type `{kind}` sends no lines: `format` and the longest line mean nothing to it"
                )),
            };
        };
        match (self.max_bytes, rules.longest) {
            (None, _) => Ok(()),
            (Some(_), None) => {
                Err(format!("a destination of type `{kind}` cuts no lines: `max_bytes` means nothing to it"))
            }
            (Some(bytes), Some(Longest { most, .. })) if !(SHORTEST..=most).contains(&bytes) => {
                Err(format!("`max_bytes` is {SHORTEST} to {most}, not {bytes}"))
            }
            (Some(_), Some(_)) => Ok(()),
        }
    }
}
