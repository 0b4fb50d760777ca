//! What can be done to the dashboard.

use serde_json::Value;

use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Dashboard;

impl Kind {
    /// A CloudWatch dashboard.
    pub const DASHBOARD: Self = Self::new("dashboard");
}

/// One change to the dashboard, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the dashboard with its tags.
    Create { name: String, arn: String, body: Value, tags: Tags },
    /// Replace what it shows.
    Update { name: String, body: Value },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Delete the dashboard.
    Delete { name: String },
}
