//! The role of a member account: there before the first subscription that names it, gone with the last.

use super::account_policy::plan::policy_put;
use super::filter::plan::filter_put;
use super::role::plan::{bring_logs_role, remove_logs_role};
use super::routing::pins::removes;
use super::{Kind, Observed, Plan, ResourceId, Stack};

/// A plan for subscriptions, after what their role takes. Where the role cannot be had, nothing is subscribed.
#[must_use]
pub fn with_member_role(stack: &Stack, observed: &Observed, adopt: bool, plan: Plan) -> Plan {
    let mut role = Plan::default();
    if stack.has_logs_role {
        bring_logs_role(stack, observed, adopt, &mut role);
    }
    if role.refused.is_empty() { role.and(plan) } else { role }
}

/// A plan, and the removal of the role where the plan leaves no subscription that names it. `observed` holds every log
/// group of the region.
#[must_use]
pub fn without_member_role(stack: &Stack, observed: &Observed, plan: Plan) -> Plan {
    if is_used(observed, &plan) {
        return plan;
    }
    let mut role = Plan::default();
    remove_logs_role(stack, observed, &mut role);
    plan.and(role)
}

/// Whether a filter or the account policy names the role once the plan is carried out.
fn is_used(observed: &Observed, plan: &Plan) -> bool {
    let Some(arn) = observed.logs_role.as_ref().map(|role| &role.arn) else { return false };
    let is_it = |role: Option<&String>| role == Some(arn);
    let mut actions = plan.steps.iter().flat_map(|step| &step.actions);
    let is_put = actions.any(|action| {
        is_it(filter_put(action).and_then(|put| put.role_arn.as_ref()))
            || is_it(policy_put(action).and_then(|put| put.role_arn.as_ref()))
    });
    let mut filters = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)));
    let stays = filters.any(|(log_group, filter)| {
        is_it(filter.role_arn.as_ref()) && !removes(plan, &ResourceId::filter(log_group, &filter.name))
    });
    let policy = observed.account_policy.as_ref().filter(|policy| is_it(policy.role_arn.as_ref()));
    let policy_stays =
        policy.is_some_and(|policy| !removes(plan, &ResourceId::new(Kind::ACCOUNT_POLICY, &policy.name)));
    is_put || stays || policy_stays
}
