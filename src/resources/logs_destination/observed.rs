//! The destination as it is.

use serde_json::Value;

use super::desired::Accepted;
use crate::resources::Stack;
use crate::stack::arn::Arn;
use crate::stack::names::STACK_TAG;
use crate::stack::{Names, StackName, Tags, Target, owns};

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
        self.belongs_to(&stack.name, &stack.target, &stack.names)
    }

    /// The same before there is a whole stack.
    pub(crate) fn belongs_to(&self, stack: &StackName, target: &Target, names: &Names) -> bool {
        owns(stack, &target.region, &self.tags) || self.was_left(target, names)
    }

    /// Whether a run was interrupted before it had its tags.
    pub(crate) fn is_half_made(&self, stack: &Stack) -> bool {
        self.was_left(&stack.target, &stack.names)
    }

    fn was_left(&self, target: &Target, names: &Names) -> bool {
        !self.tags.contains_key(STACK_TAG)
            && self.stream_arn == names.stream_arn(target)
            && self.role_arn.rsplit('/').next() == Some(names.accounts_role.as_str())
    }

    /// Which other accounts may subscribe to it; none where the access policy says something that no setting can. Its
    /// own account needs no permission.
    pub(crate) fn accepted(&self) -> Option<Accepted> {
        match Accepted::of_policy(self.policy.as_ref()?)? {
            Accepted::Accounts(mut ids) => {
                let own = Arn::parse(&self.arn);
                ids.retain(|id| own.as_ref().is_none_or(|own| own.account != id));
                (!ids.is_empty()).then_some(Accepted::Accounts(ids))
            }
            other => Some(other),
        }
    }
}
