//! The stream that the stack should have.

use std::fmt;

use serde::Serialize;

use crate::stack::Setting;

/// How a stream's capacity is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "mode")]
pub enum StreamMode {
    /// A fixed number of shards: 1,000 records/s or 1 MiB/s in for each.
    Provisioned {
        /// How many.
        shards: u32,
    },
    /// AWS scales the shards; about 2.6 times the price of one idle shard.
    OnDemand,
}

impl StreamMode {
    /// Its name, as AWS calls it in words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Provisioned { .. } => "provisioned",
            Self::OnDemand => "on-demand",
        }
    }

    /// The number of shards, where it is fixed.
    pub(crate) const fn shards(self) -> Option<u32> {
        match self {
            Self::Provisioned { shards } => Some(shards),
            Self::OnDemand => None,
        }
    }
}

impl fmt::Display for StreamMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provisioned { shards: 1 } => f.write_str("provisioned, 1 shard"),
            Self::Provisioned { shards } => write!(f, "provisioned, {shards} shards"),
            Self::OnDemand => f.write_str("on demand"),
        }
    }
}

/// The stream that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamSpec {
    /// Capacity; one provisioned shard by default.
    pub mode: Setting<StreamMode>,
    /// Why it has so many shards, if the number was calculated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Retention in hours, 24 to 8760. It is the buffer while the log service is down.
    pub retention_hours: Setting<u32>,
    /// A KMS key id, ARN or alias, or none for no encryption by key.
    pub kms_key: Setting<Option<String>>,
}

/// Maximum number of times that Kinesis changes the number of shards of a stream in 24 hours, from UpdateShardCount's
/// documentation.
pub const SHARD_CHANGES_A_DAY: usize = 10;

/// The number of shards nearest to `to` that Kinesis allows in one change: at most double and at least half.
pub fn next_shard_count(now: u32, to: u32) -> u32 {
    to.clamp(now.div_ceil(2).max(1), now.saturating_mul(2).max(1))
}

/// The numbers of shards on the way to `to`, one for each change.
pub fn shard_changes(now: u32, to: u32) -> Vec<u32> {
    let next = |now: &u32| (*now != to).then(|| next_shard_count(*now, to));
    std::iter::successors(next(&now), next).collect()
}
