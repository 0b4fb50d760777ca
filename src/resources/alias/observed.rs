//! The versions and the aliases of a function as they are.

use std::collections::BTreeMap;
use std::fmt;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};

use crate::resources::function::bundle::Arch;
use crate::resources::function::desired::EnvValue;
use crate::resources::function::network::Network;
use crate::resources::function::release::Release;

/// The alias that the event source mapping calls.
pub const LIVE: &str = "live";

/// What a version keeps of its function. Two that are equal run the same code in the same way.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Its runtime.
    pub runtime: String,
    /// Its execution role.
    pub role_arn: String,
    /// Its processor.
    pub arch: Arch,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_seconds: u32,
    /// The base64 SHA-256 of its zip.
    pub code_sha256: String,
    /// Its description; empty where it has none.
    pub description: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, EnvValue>,
    /// Why AWS does not show the environment variables, where it does not: most often its KMS key.
    pub hidden_environment: Option<String>,
    /// The log group that it writes to, where its configuration names another than `/aws/lambda/NAME`.
    pub log_group: Option<String>,
    /// The private network that it is in.
    pub network: Network,
    /// Settings that cwl2le does not make, such as layers, where they differ from what AWS gives a function by itself.
    pub others: BTreeMap<String, String>,
}

impl Snapshot {
    /// What it is configured to, where that can be read.
    pub fn config(&self) -> Option<Config> {
        Config::from_json(&self.environment.get(CONFIG_ENV)?.0).ok()
    }

    /// What its code was built from, as its description says.
    pub fn release(&self) -> Option<Release> {
        Release::of_description(&self.description)
    }
}

/// A published version.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedVersion {
    /// Its number.
    pub number: u64,
    /// What it keeps of its function.
    pub snapshot: Snapshot,
    /// When AWS says that it was last changed, in milliseconds since 1970.
    pub modified: Option<i64>,
}

/// An alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedAlias {
    /// The version that it names: a number, or `$LATEST`.
    pub version: String,
    /// `RevisionId`: what `UpdateAlias` compares.
    pub revision: String,
    /// What was before, where its description says so.
    pub before: Option<Before>,
    /// When the run began that moved it, where its description says so: RFC 3339, by AWS's clock.
    pub run: Option<String>,
    /// Other versions that also get a share of the invocations: numbers.
    pub shares: Vec<u64>,
}

impl ObservedAlias {
    /// The number of the version that it names; none for `$LATEST`.
    pub fn number(&self) -> Option<u64> {
        self.version.parse().ok()
    }
}

/// What an alias named before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// An older version, which the present one replaced.
    Replaced(u64),
    /// A newer version, which was taken back: it does not come again before something else changes.
    RolledBackFrom(u64),
}

impl Before {
    /// The number of that version.
    pub const fn number(self) -> u64 {
        let (Self::Replaced(number) | Self::RolledBackFrom(number)) = self;
        number
    }
}

impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced(number) => write!(f, "{REPLACED}{number}"),
            Self::RolledBackFrom(number) => write!(f, "{ROLLED_BACK}{number}"),
        }
    }
}

const REPLACED: &str = "replaced version ";
const ROLLED_BACK: &str = "rolled back from version ";
const RUN: &str = "cwl2le run of ";
const SEPARATOR: &str = ", ";

/// The description of an alias, which says what was before and which run moved it.
pub(crate) fn description(before: Option<Before>, run: &str) -> String {
    let before = before.map(|before| before.to_string());
    before.into_iter().chain([format!("{RUN}{run}")]).collect::<Vec<_>>().join(SEPARATOR)
}

/// What the description of an alias says: see [`description`].
pub(crate) fn read_description(text: &str) -> (Option<Before>, Option<String>) {
    let parts = || text.split(SEPARATOR);
    let number = |prefix: &str| parts().find_map(|part| part.strip_prefix(prefix)?.parse().ok());
    let before =
        number(REPLACED).map(Before::Replaced).or_else(|| number(ROLLED_BACK).map(Before::RolledBackFrom));
    (before, parts().find_map(|part| part.strip_prefix(RUN)).map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_of_an_alias_is_read_as_it_is_written() {
        let run = "2026-11-30T11:20:05Z";
        for before in [None, Some(Before::Replaced(7)), Some(Before::RolledBackFrom(18))] {
            let text = description(before, run);
            assert_eq!(read_description(&text), (before, Some(run.to_owned())), "{text}");
        }
        for text in ["", "prod", "replaced version x", "it replaced version 7"] {
            assert_eq!(read_description(text), (None, None), "{text}");
        }
    }
}
