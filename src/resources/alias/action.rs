//! What can be done to the versions of a function and to its alias.

use std::collections::BTreeMap;

use super::observed::{Before, LIVE, ObservedAlias};
use crate::plan::{Kind, ResourceId};
use crate::resources::function::desired::EnvValue;
use crate::resources::function::network::Network;
use crate::resources::function::observed::ObservedFunction;
use crate::stack::Names;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Alias;

impl Kind {
    /// An alias of a Lambda function.
    pub const ALIAS: Self = Self::new("alias");
}

impl ResourceId {
    /// The alias of the function of these names.
    pub(crate) fn alias(names: &Names) -> Self {
        Self::new(Kind::ALIAS, format!("{}:{LIVE}", names.function))
    }
}

/// One change to the versions of a function or to its alias, with everything needed to carry it out. `function` is the
/// name of the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Publish what the function is as a version, and wait until that is Active. AWS publishes nothing where the newest
    /// version is the same.
    Publish {
        /// The function.
        function: String,
        /// The base64 SHA-256 of the code that is published; AWS refuses another one.
        code_sha256: String,
        /// What the version must have: what an earlier action of the same plan has set, and the rest as it was planned
        /// from.
        settings: Settings,
    },
    /// Invoke a version once with an empty batch: fails where it cannot start.
    Start {
        /// The function.
        function: String,
        /// Which version.
        version: Version,
    },
    /// Have the alias name a version. With the next batch, that one gets the records.
    Move {
        /// The function.
        function: String,
        /// Which version.
        version: Version,
        /// What the alias is before.
        from: From,
        /// What it is to say of the version before; by default, which one it replaces.
        before: Option<Before>,
    },
    /// Delete a version that nothing names.
    DeleteVersion {
        /// The function.
        function: String,
        /// The version.
        number: u64,
    },
}

/// Settings of a function as far as they are known: those that a plan leads to, or those that AWS shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Memory in MB.
    pub memory_mb: Option<u32>,
    /// Timeout in seconds.
    pub timeout_seconds: Option<u32>,
    /// The environment variables.
    pub environment: Option<BTreeMap<String, EnvValue>>,
    /// The private network.
    pub network: Option<Network>,
}

impl Settings {
    /// These, and what the function has of the others.
    pub(super) fn or_as_in(self, is: &ObservedFunction) -> Self {
        let environment = is.hidden_environment.is_none().then(|| is.environment.clone());
        Self {
            memory_mb: self.memory_mb.or(Some(is.memory_mb)),
            timeout_seconds: self.timeout_seconds.or(Some(is.timeout_seconds)),
            environment: self.environment.or(environment),
            network: self.network.or_else(|| Some(is.network.clone())),
        }
    }

    /// Whether nothing that both know differs.
    pub(crate) fn agree_with(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        agree(self.memory_mb.as_ref(), other.memory_mb.as_ref())
            && agree(self.timeout_seconds.as_ref(), other.timeout_seconds.as_ref())
            && agree(self.environment.as_ref(), other.environment.as_ref())
            && agree(self.network.as_ref(), other.network.as_ref())
    }
}

/// A version of a function, as an action names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The one that an earlier action of the same plan published.
    Published,
    /// The one of this number.
    Number(u64),
    /// The one that the alias names.
    Live,
}

/// What an alias is before it moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// It does not exist.
    Nothing,
    /// It is this one. Fails where another run has changed it since.
    Alias(ObservedAlias),
    /// What an earlier action of the same plan makes of it.
    Earlier,
}
