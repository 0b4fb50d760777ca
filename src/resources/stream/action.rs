//! What can be done to the stream.

use super::desired::StreamMode;
use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Stream;

impl Kind {
    /// A Kinesis data stream.
    pub const STREAM: Self = Self::new("stream");
}

/// One change to the stream, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the stream with its tags and wait until it is ACTIVE.
    Create { name: String, mode: StreamMode, tags: Tags },
    /// Wait until the stream is ACTIVE: an earlier run was interrupted while it was being created.
    Await { name: String },
    /// Wait until the stream that is being deleted is gone.
    AwaitGone { name: String },
    /// Switch between provisioned and on demand.
    SetMode { arn: String, name: String, mode: StreamMode },
    /// Change the number of shards, in steps of at most double or half as AWS demands.
    SetShards { name: String, from: u32, to: u32 },
    /// Lengthen or shorten the retention.
    SetRetention { name: String, from_hours: u32, to_hours: u32 },
    /// Encrypt with a key, or stop encrypting with `from`.
    SetKey { name: String, from: Option<String>, to: Option<String> },
    /// Add tags.
    Tag { name: String, tags: Tags },
    /// Delete the stream and wait until it is gone.
    Delete { name: String, force_consumers: bool },
}
