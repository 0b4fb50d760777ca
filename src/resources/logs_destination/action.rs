//! What can be done to the destination.

use serde_json::Value;

use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct LogsDestination;

impl Kind {
    /// A destination of CloudWatch Logs. "Destination" alone is a log service here.
    pub const LOGS_DESTINATION: Self = Self::new("logs destination");
}

/// One change to the destination, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the destination, then its tags: AWS refuses to create one with tags.
    Create { name: String, arn: String, stream_arn: String, role_arn: String, tags: Tags },
    /// Set the stream and the role. The access policy and the tags stay.
    Put { name: String, stream_arn: String, role_arn: String },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Say who may subscribe to it. `force` is needed from accounts to an organization.
    SetPolicy { name: String, arn: String, policy: Value, force: bool },
    /// Delete it. The filters of the other accounts stay, and lead nowhere.
    Delete { name: String },
}
