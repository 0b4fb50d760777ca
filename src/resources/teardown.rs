//! What `teardown` removes, in an order that loses no log.

use super::kind::Teardown;
use super::registry::KINDS;
use super::{Observed, Plan, Stack, TeardownOptions};

/// The changes that remove everything of this stack that is ours; `observed.groups` must hold every log group of the
/// region, because filters carry no tags and are found only by looking.
pub fn teardown(stack: &Stack, observed: &Observed, options: &TeardownOptions) -> Plan {
    let teardown = Teardown { stack, observed, options };
    let mut plan = Plan::default();
    KINDS.iter().rev().for_each(|kind| (kind.teardown)(&teardown, &mut plan));
    KINDS.iter().rev().for_each(|kind| (kind.finish_teardown)(&teardown, &mut plan));
    plan.ordered()
}
