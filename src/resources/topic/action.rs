//! What can be done to the topic.

use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Topic;

impl Kind {
    /// An SNS topic.
    pub const TOPIC: Self = Self::new("topic");
}

/// One change to the topic, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the topic with its tags.
    Create { name: String, arn: String, tags: Tags },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Have AWS mail to an address, after whoever reads its mail has confirmed it.
    Subscribe { arn: String, address: String },
    /// Delete the topic with its subscriptions.
    Delete { arn: String },
}
