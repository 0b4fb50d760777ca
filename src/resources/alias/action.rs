//! What can be done to the versions of a function and to its alias.

use super::observed::{Before, LIVE, ObservedAlias};
use crate::plan::{Kind, ResourceId};
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

/// A version of a function, as an action names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The newest one. It must have this code: else another run published it.
    Newest {
        /// The base64 SHA-256 of its zip.
        code_sha256: String,
    },
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
