//! A role as it is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stack::Tags;

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRole {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its path.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its trust policy.
    pub trust: Value,
    /// Its inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// The ARNs of its attached managed policies.
    pub attached: Vec<String>,
    /// Its tags.
    pub tags: Tags,
}
