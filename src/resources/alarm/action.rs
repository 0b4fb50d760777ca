//! What can be done to an alarm.

use super::rule::Rule;
use crate::plan::Kind;
use crate::stack::Tags;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Alarm;

impl Kind {
    /// A CloudWatch alarm.
    pub const ALARM: Self = Self::new("alarm");
}

/// One change to an alarm, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the alarm with its tags.
    Create { name: String, rule: Rule, tags: Tags },
    /// Set everything of it but its tags.
    Update { name: String, rule: Rule },
    /// Add tags.
    Tag { arn: String, tags: Tags },
    /// Delete the alarm.
    Delete { name: String },
}
