//! What a plan deletes for good, so that nobody confirms it unseen.

use super::kind::Losses;
use super::registry::KINDS;
use super::{Observed, Plan, Stack};

/// Adds to a plan what it loses, from what exists.
#[must_use]
pub fn name_losses(stack: &Stack, observed: &Observed, mut plan: Plan) -> Plan {
    let mut losses = Losses { stack, observed, plan: &plan, found: Vec::new() };
    for step in &plan.steps {
        step.actions.iter().for_each(|action| action.losses(&mut losses, step));
    }
    KINDS.iter().for_each(|kind| (kind.losses_of_plan)(&mut losses));
    plan.losses = losses.found;
    plan
}
