//! What `setup` must change: everything of a stack but its subscriptions.

use super::function::forwarders::forwarders;
use super::kind::Setup;
use super::registry::KINDS;
use super::{Observed, Plan, Stack};

/// The changes that bring the observed resources to the stack. With `adopt`, what exists without our tags is taken
/// over; without, it is refused.
pub fn setup(stack: &Stack, observed: &Observed, adopt: bool) -> Plan {
    let forwarders = forwarders(stack, observed);
    let mut plan = Plan { planned_at: forwarders.planned_at, ..Plan::default() };
    let setup = Setup { stack, observed, adopt, forwarders: &forwarders };
    KINDS.iter().for_each(|kind| (kind.guard)(&setup, &mut plan));
    KINDS.iter().for_each(|kind| (kind.setup)(&setup, &mut plan));
    KINDS.iter().for_each(|kind| (kind.finish_setup)(&setup, &mut plan));
    plan.notes.extend(forwarders.notes);
    plan.ordered()
}
