//! What can be done to a role.

use serde_json::Value;

use super::desired::RoleSpec;
use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Role;

impl Kind {
    /// An IAM role.
    pub const ROLE: Self = Self::new("role");
}

/// One change to a role, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the role with its trust, boundary and tags, then its inline policy.
    Create { role: Box<RoleSpec>, tags: Tags },
    /// Replace the trust policy.
    SetTrust { role: String, trust: Value },
    /// Write the inline policy.
    PutPolicy { role: String, policy_name: String, policy: Value },
    /// Set the permissions boundary.
    SetBoundary { role: String, boundary: String },
    /// Add tags.
    Tag { role: String, tags: Tags },
    /// Remove inline policies and attachments, then the role.
    Delete { role: String, policies: Vec<String>, attached: Vec<String> },
}
