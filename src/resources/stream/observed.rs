//! The stream as it is.

use super::desired::StreamMode;
use crate::stack::Tags;

/// A stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedStream {
    /// Its ARN.
    pub arn: String,
    /// `CREATING`, `DELETING`, `ACTIVE` or `UPDATING`.
    pub status: StreamStatus,
    /// Capacity, with the number of open shards.
    pub mode: StreamMode,
    /// Number of open shards, also where AWS scales them.
    pub open_shards: u32,
    /// Retention in hours.
    pub retention_hours: u32,
    /// The KMS key, where the stream is encrypted.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// ARNs of its registered consumers (enhanced fan-out).
    pub consumers: Vec<String>,
}

/// A number of shards that fits what arrived lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedShards {
    /// The number.
    pub shards: u32,
    /// What it was calculated from, in words.
    pub why: String,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// Being created.
    Creating,
    /// Being deleted: its name is free a little later.
    Deleting,
    /// Ready.
    Active,
    /// Usable, while a change goes on.
    Updating,
}
