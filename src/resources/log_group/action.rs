//! What can be done to a forwarder's log group.

use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct LogGroup;

impl Kind {
    /// A log group.
    pub const LOG_GROUP: Self = Self::new("log group");
}

/// One change to a forwarder's log group, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the log group with its tags, then set its retention.
    Create { name: String, retention_days: u32, tags: Tags },
    /// Set the retention.
    SetRetention { name: String, days: u32 },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Delete the log group.
    Delete { name: String },
}
