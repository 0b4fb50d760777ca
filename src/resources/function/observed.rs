//! A function as it is.

use std::collections::BTreeMap;
use std::fmt;

use super::bundle::Arch;
use super::desired::EnvValue;
use super::network::Network;
use crate::resources::alias::observed::{LIVE, ObservedAlias, ObservedVersion, Snapshot};
use crate::stack::Tags;

/// A function. Its settings are those of `$LATEST`, which a version keeps when it is published.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFunction {
    /// Its ARN, unqualified.
    pub arn: String,
    /// `provided.al2023` where it is ours.
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
    /// Reserved concurrency.
    pub reserved_concurrency: Option<u32>,
    /// The log group that it writes to, where its configuration names one.
    pub log_group: Option<String>,
    /// The private network that it is in.
    pub network: Network,
    /// Whether `State` is Active (or Inactive) and `LastUpdateStatus` Successful; when not, wait before changing it.
    pub settled: bool,
    /// What AWS failed at, where it did.
    pub failure: Option<FunctionFailure>,
    /// When its code or configuration last changed, in milliseconds since 1970, where AWS says so.
    pub modified: Option<i64>,
    /// Its tags.
    pub tags: Tags,
    /// Settings that cwl2le does not make: see [`Snapshot::others`].
    pub others: BTreeMap<String, String>,
    /// Its published versions, oldest first.
    pub versions: Vec<ObservedVersion>,
    /// Its aliases, by name.
    pub aliases: BTreeMap<String, ObservedAlias>,
}

impl ObservedFunction {
    /// The alias that the event source mapping is to call.
    pub fn live(&self) -> Option<&ObservedAlias> {
        self.aliases.get(LIVE)
    }

    /// What to invoke for what gets the records: its alias, or without one the function itself.
    pub(crate) fn invoked_as(&self, name: &str) -> String {
        if self.live().is_some() { format!("{name}:{LIVE}") } else { name.to_owned() }
    }

    /// The version of this number.
    pub fn version(&self, number: u64) -> Option<&ObservedVersion> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// The version that this alias or number stands for; none for `$LATEST`.
    pub fn version_of(&self, qualifier: &str) -> Option<&ObservedVersion> {
        let alias = self.aliases.get(qualifier).map(|alias| alias.version.as_str());
        self.version(alias.unwrap_or(qualifier).parse().ok()?)
    }

    /// The version that the alias names.
    pub fn live_version(&self) -> Option<&ObservedVersion> {
        self.version_of(LIVE)
    }

    /// The settings of what gets the records: those of the live version, which a rollback may have made an older one.
    pub(crate) fn in_force(&self) -> Snapshot {
        self.live_version().map_or_else(|| self.snapshot(), |live| live.snapshot.clone())
    }

    /// The log groups that its configuration and that of the version with the records name, where they name one.
    pub(crate) fn log_groups(&self) -> impl Iterator<Item = String> {
        let live = self.live_version().and_then(|live| live.snapshot.log_group.clone());
        self.log_group.clone().into_iter().chain(live)
    }

    /// What a version that is published now would keep of it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            runtime: self.runtime.clone(),
            role_arn: self.role_arn.clone(),
            arch: self.arch,
            memory_mb: self.memory_mb,
            timeout_seconds: self.timeout_seconds,
            code_sha256: self.code_sha256.clone(),
            description: self.description.clone(),
            environment: self.environment.clone(),
            hidden_environment: self.hidden_environment.clone(),
            log_group: self.log_group.clone(),
            network: self.network.clone(),
            others: self.others.clone(),
        }
    }

    /// The same function, with what a version keeps in place of its own settings.
    #[must_use]
    pub(crate) fn as_of(&self, version: &ObservedVersion) -> Self {
        let is = version.snapshot.clone();
        Self {
            runtime: is.runtime,
            role_arn: is.role_arn,
            arch: is.arch,
            memory_mb: is.memory_mb,
            timeout_seconds: is.timeout_seconds,
            code_sha256: is.code_sha256,
            description: is.description,
            environment: is.environment,
            hidden_environment: is.hidden_environment,
            log_group: is.log_group,
            network: is.network,
            others: is.others,
            modified: version.modified,
            ..self.clone()
        }
    }
}

/// What AWS failed at with a function, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionFailure {
    /// It was never made: it cannot be invoked or updated, only deleted.
    Creation(String),
    /// It works as it did before its last update.
    Update(String),
}

impl fmt::Display for FunctionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Creation(reason) => write!(f, "its creation failed: {reason}"),
            Self::Update(reason) => write!(f, "its last update failed: {reason}"),
        }
    }
}
