//! The dashboard as it is.

use serde_json::Value;

use crate::stack::Tags;

/// The dashboard with the name that this stack's has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDashboard {
    /// Its ARN, which names no region: dashboards are global.
    pub arn: String,
    /// What it shows; null if that is not JSON.
    pub body: Value,
    /// Its tags.
    pub tags: Tags,
}
