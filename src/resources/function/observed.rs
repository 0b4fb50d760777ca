//! A function as it is.

use std::collections::BTreeMap;
use std::fmt;

use super::bundle::Arch;
use super::desired::EnvValue;
use crate::stack::Tags;

/// A function.
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
    /// Whether `State` is Active (or Inactive) and `LastUpdateStatus` Successful; when not, wait before changing it.
    pub settled: bool,
    /// What AWS failed at, where it did.
    pub failure: Option<FunctionFailure>,
    /// When its code or configuration last changed, in milliseconds since 1970, where AWS says so.
    pub modified: Option<i64>,
    /// Its tags.
    pub tags: Tags,
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
