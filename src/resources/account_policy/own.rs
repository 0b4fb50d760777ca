//! Whether the account policy is this stack's own.

use super::desired::AccountPolicy;
use crate::resources::{Observed, Stack};

/// Whether an account policy is this stack's own: it leads to our stream and has our name, with or without a pinned
/// destination, or the one in `also`. Account policies carry no tags.
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
