//! Destinations that filters and account policies pin by their names: what the forwarder does not know it cannot
//! deliver to.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{Config, pinned_destination};

use crate::error::Code;
use crate::resources::account_policy::plan::policy_put;
use crate::resources::filter::plan::filter_put;
use crate::resources::function::configuration::{current_config, main_is_unreadable, read_config};
use crate::resources::{
    Action, Kind, Observed, Plan, Refusal, ResourceId, Stack, Stage, Verb, account_policy, filter,
};

/// What to do about a filter or an account policy that pins a destination that goes.
pub(crate) const PINNED_HINT: &str =
    "remove the subscription first, with `cwl2le unsubscribe` or in the file, or keep the destination";

/// Whether every log group has to be looked at, because a filter may pin a destination that goes.
pub fn must_see_pins(stack: &Stack, observed: &Observed) -> bool {
    let is_replaced = stack.function.config.is_some() && main_is_unreadable(observed);
    is_replaced || !leaving_destinations(stack, observed).is_empty()
}

/// The destinations that the function that gets the records has and is no longer to have. Where its configuration cannot be read, it has
/// those that something pins.
pub(crate) fn leaving_destinations(stack: &Stack, observed: &Observed) -> BTreeSet<String> {
    let (Some(is), Some(wanted)) = (&observed.in_force().function, &stack.function.config) else {
        return BTreeSet::new();
    };
    let stream_arn = stack.names.stream_arn(&stack.target);
    let before: BTreeSet<String> = match read_config(is) {
        Ok(config) => config.iter().flat_map(Config::names).map(ToOwned::to_owned).collect(),
        Err(_) => {
            let pins = pinning(observed, &stream_arn).filter_map(|(_, name)| pinned_destination(name));
            pins.map(ToOwned::to_owned).collect()
        }
    };
    before.into_iter().filter(|name| !wanted.has(name)).collect()
}

/// Sees to it that nothing pins a destination that the forwarder does not know: not a new filter, and none that stays
/// while its destination goes. Where such filters go in the same plan, the function forgets the destination after
/// them.
///
/// `observed` holds every log group where [`must_see_pins`] says so.
#[must_use]
pub fn keep_pins(stack: &Stack, observed: &Observed, mut plan: Plan) -> Plan {
    let before = observed.in_force().function.as_ref().and_then(current_config);
    let latest = observed.function.as_ref().and_then(current_config);
    let wanted = stack.function.config.as_ref().or(latest.as_ref());
    let Some(wanted) = wanted else { return plan };
    let stream_arn = stack.names.stream_arn(&stack.target);
    let leaving = leaving_destinations(stack, observed);
    let leaves = |name: &str| pinned_destination(name).is_some_and(|pin| leaving.contains(pin));
    let pinning: Vec<(ResourceId, bool)> = pinning(observed, &stream_arn)
        .filter(|(_, name)| leaves(name))
        .map(|(resource, _)| {
            let goes = removes(&plan, &resource);
            (resource, goes)
        })
        .collect();
    let function = ResourceId::new(Kind::FUNCTION, &stack.names.function);
    let mut refused = Vec::new();
    for (resource, _) in pinning.iter().filter(|(_, goes)| !goes) {
        refused.push(Refusal {
            resource: function.clone(),
            code: Code::InUse,
            reason: format!(
                "this would remove a destination that the {resource} pins; its lines would not be delivered"
            ),
            hint: PINNED_HINT.to_owned(),
        });
    }
    let late = pinning.iter().any(|(_, goes)| *goes);
    for step in plan.steps.iter().filter(|step| matches!(step.verb, Verb::Create | Verb::Adopt)) {
        let Some(pin) = step.actions.iter().find_map(|action| put_pin(action, &stream_arn)) else { continue };
        let known: Vec<&str> = wanted.names().collect();
        if !known.contains(&pin) {
            refused.push(Refusal {
                resource: step.resource.clone(),
                code: Code::Usage,
                reason: format!(
                    "it pins the destination `{pin}`, which does not exist; there are: {}",
                    known.join(", ")
                ),
                hint: "add the destination to the configuration file, or use one of those".to_owned(),
            });
        } else if late && before.as_ref().is_none_or(|before| !before.has(pin)) {
            refused.push(Refusal {
                resource: step.resource.clone(),
                code: Code::InUse,
                reason: format!("it pins the new destination `{pin}`, and this plan removes a destination that filters still pin"),
                hint: "run setup twice: with both destinations in the file first, then without the old one".to_owned(),
            });
        }
    }
    plan.refused.extend(refused);
    let alias = ResourceId::alias(&stack.names);
    for step in plan.steps.iter_mut().filter(|step| late && step.resource == alias) {
        step.stage = Stage::ForgetDestinations;
    }
    plan.ordered()
}

/// The filters that lead to the stream: the log group and the name of each.
pub(crate) fn leads_to<'a>(
    observed: &'a Observed,
    stream_arn: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let filters = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)));
    filters
        .filter(move |(_, filter)| filter.destination_arn == stream_arn)
        .map(|(log_group, filter)| (log_group.as_str(), filter.name.as_str()))
}

/// What leads to the stream and pins one of these destinations.
pub(crate) fn pinned_to<'a>(
    observed: &'a Observed,
    stream_arn: &'a str,
    destinations: &'a BTreeSet<String>,
) -> impl Iterator<Item = ResourceId> {
    let pins = |name: &str| pinned_destination(name).is_some_and(|pin| destinations.contains(pin));
    pinning(observed, stream_arn).filter(move |(_, name)| pins(name)).map(|(resource, _)| resource)
}

/// Everything that leads to the stream, by resource and by the name that may pin.
fn pinning<'a>(observed: &'a Observed, stream_arn: &'a str) -> impl Iterator<Item = (ResourceId, &'a str)> {
    let filters =
        leads_to(observed, stream_arn).map(|(log_group, name)| (ResourceId::filter(log_group, name), name));
    let policy = observed.account_policy.iter().filter(move |policy| policy.destination_arn == stream_arn);
    filters.chain(
        policy.map(|policy| (ResourceId::new(Kind::ACCOUNT_POLICY, &policy.name), policy.name.as_str())),
    )
}

/// Whether a plan removes this filter or account policy.
pub(crate) fn removes(plan: &Plan, resource: &ResourceId) -> bool {
    plan.steps.iter().flat_map(|step| &step.actions).any(|action| match action {
        Action::Filter(filter::Action::Delete { log_group, name }) => {
            *resource == ResourceId::filter(log_group, name)
        }
        Action::Filter(filter::Action::Replace { name, put }) => {
            *resource == ResourceId::filter(&put.log_group, name)
        }
        Action::AccountPolicy(
            account_policy::Action::Delete { name } | account_policy::Action::Replace { name, .. },
        ) => *resource == ResourceId::new(Kind::ACCOUNT_POLICY, name),
        _ => false,
    })
}

/// The destination that an action has a filter or an account policy of ours pin.
pub(crate) fn put_pin<'a>(action: &'a Action, stream_arn: &str) -> Option<&'a str> {
    let filter = filter_put(action).map(|put| (&put.name, &put.destination_arn));
    let policy = || policy_put(action).map(|put| (&put.name, &put.destination_arn));
    let (name, to) = filter.or_else(policy)?;
    pinned_destination(name).filter(|_| to == stream_arn)
}
