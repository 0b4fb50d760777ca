//! The destination as it is.

use serde_json::Value;

use super::desired::Accepted;
use crate::resources::Stack;
use crate::stack::names::STACK_TAG;
use crate::stack::{Tags, owns};

/// The destination with the name that this stack's has.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedDestination {
    /// Its ARN.
    pub arn: String,
    /// The stream that it leads to.
    pub stream_arn: String,
    /// The role that CloudWatch Logs assumes on behalf of the sender.
    pub role_arn: String,
    /// Who may subscribe to it; nobody before that is said. What is not JSON is kept as text.
    pub policy: Option<Value>,
    /// Its tags.
    pub tags: Tags,
}

impl ObservedDestination {
    /// Whether this stack manages it. AWS takes tags only afterwards, so one without tags that leads to this stack's
    /// stream by this stack's role was left by a run that was interrupted.
    pub(crate) fn is_ours(&self, stack: &Stack) -> bool {
        owns(&stack.name, &stack.target.region, &self.tags) || self.is_half_made(stack)
    }

    /// Whether a run was interrupted before it had its tags.
    pub(crate) fn is_half_made(&self, stack: &Stack) -> bool {
        !self.tags.contains_key(STACK_TAG)
            && self.stream_arn == stack.names.stream_arn(&stack.target)
            && self.role_arn.rsplit('/').next() == Some(stack.names.accounts_role.as_str())
    }

    /// Who may subscribe to it; none where the access policy says something that no setting can.
    pub(crate) fn accepted(&self) -> Option<Accepted> {
        Accepted::of_policy(self.policy.as_ref()?)
    }
}
