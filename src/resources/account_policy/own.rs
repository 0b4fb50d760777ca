//! Whether the account policy is this stack's own.

use super::desired::AccountPolicy;
use crate::resources::{Observed, Stack};
use crate::stack::{DestinationArn, StackName};

/// Whether an account policy is that of cwl2le in a member account: it leads to a destination of another account.
pub fn is_member_policy(policy: &AccountPolicy) -> bool {
    StackName::of_member_filter(&policy.name).is_some()
        && policy.destination_arn.parse::<DestinationArn>().is_ok()
}

/// Whether an account policy is this stack's own: see [`Stack::is_own_subscription`]. Account policies carry no tags.
pub fn is_own_policy(stack: &Stack, policy: &AccountPolicy, also: Option<&str>) -> bool {
    stack.is_own_subscription(&policy.name, &policy.destination_arn, also)
}

/// The account policy, where it is this stack's own.
pub(crate) fn own_policy<'a>(
    stack: &Stack,
    observed: &'a Observed,
    also: Option<&str>,
) -> Option<&'a AccountPolicy> {
    observed.account_policy.as_ref().filter(|policy| is_own_policy(stack, policy, also))
}
