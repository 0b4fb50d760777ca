//! An IAM role with one inline policy.

use serde::Serialize;
use serde_json::Value;

/// A role that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleSpec {
    /// The role's name.
    pub name: String,
    /// The role's ARN, path included.
    pub arn: String,
    /// Its path, `/` by default. It cannot be changed later.
    pub path: String,
    /// The ARN of a permissions boundary.
    pub boundary: Option<String>,
    /// What it is for.
    pub description: String,
    /// Who may assume it.
    pub trust: Value,
    /// The name of its inline policy.
    pub policy_name: String,
    /// What it may do.
    pub policy: Value,
}
