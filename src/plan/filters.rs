//! What `subscribe` and `unsubscribe` must change on log groups.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::pinned_destination;

use super::diff::Draft;
use super::{Action, Field, Kind, Observed, ObservedFilter, Plan, ResourceId, Stage, Step, Verb};
use crate::error::Code;
use crate::stack::{FilterSpec, Stack, recursion};

/// How a log group is subscribed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterOptions {
    /// Take over a filter of our name that leads elsewhere.
    pub adopt: bool,
    /// Delete this filter of the group first, where it is there.
    pub replace: Option<String>,
}

/// The changes that give each log group its filter.
pub fn subscribe(stack: &Stack, wanted: &[FilterSpec], observed: &Observed, options: &FilterOptions) -> Plan {
    let mut plan = Plan::default();
    for want in wanted {
        subscribe_one(stack, want, observed, options, &mut plan);
    }
    plan
}

fn subscribe_one(
    stack: &Stack,
    want: &FilterSpec,
    observed: &Observed,
    options: &FilterOptions,
    plan: &mut Plan,
) {
    let id = ResourceId::filter(&want.log_group, &want.name);
    if let Some(reason) = recursion(&stack.names, &observed.readers, &want.log_group) {
        plan.refuse(id, Code::Recursion, reason, "leave this log group out: read it where it is");
        return;
    }
    let Some(group) = observed.groups.get(&want.log_group) else {
        plan.refuse(
            id,
            Code::UnknownLogGroup,
            format!("there is no log group `{}` in {}", want.log_group, stack.target.region),
            "check the name and the region; names are case-sensitive and mostly begin with a slash",
        );
        return;
    };
    if !group.class.is_empty() && group.class != "STANDARD" {
        plan.refuse(
            id,
            Code::LogGroupClass,
            format!("the log group is of class {} and only STANDARD ones can be subscribed", group.class),
            "a class cannot be changed: have its writer log to a new group of class STANDARD",
        );
        return;
    }

    let draft = |verb| Draft::new(Stage::Filters, Kind::SubscriptionFilter, &id.name, verb);
    let replaced = options.replace.as_ref().filter(|name| group.filters.iter().any(|f| f.name == **name));
    let mut put = want.clone();
    let mut step = match group.filters.iter().find(|f| f.name == want.name) {
        None => {
            let mut step = draft(Verb::Create);
            if let Some(name) = replaced {
                step.change("replaces", name, &want.name);
                step.act(Action::DeleteFilter { log_group: want.log_group.clone(), name: name.clone() });
            }
            step.set("pattern", shown_pattern(&want.pattern.value));
            step.set("distribution", want.distribution.value);
            step
        }
        Some(is) if is.destination_arn != want.destination_arn && !options.adopt => {
            plan.refuse(
                id,
                Code::NotOurs,
                format!("a filter of this name is there and leads to {}", is.destination_arn),
                "take it over with --adopt, or name ours otherwise with --filter-name",
            );
            return;
        }
        Some(is) => {
            let verb = if is.destination_arn == want.destination_arn { Verb::Update } else { Verb::Adopt };
            let mut step = draft(verb);
            if !update(&mut step, is, &mut put) {
                plan.unchanged.push(id);
                return;
            }
            step
        }
    };
    step.act(Action::PutFilter(Box::new(put)));
    step.finish(plan);
}

/// Keeps what was not asked for; says whether anything differs.
fn update(step: &mut Draft, is: &ObservedFilter, put: &mut FilterSpec) -> bool {
    let mut differs = false;
    if is.destination_arn != put.destination_arn {
        step.change("destination", &is.destination_arn, &put.destination_arn);
        differs = true;
    }
    if is.role_arn.as_ref() != Some(&put.role_arn) {
        step.change("role", is.role_arn.as_deref().unwrap_or("none"), &put.role_arn);
        differs = true;
    }
    if let Some(to) = put.pattern.change_from(&is.pattern) {
        step.change("pattern", shown_pattern(&is.pattern), shown_pattern(to));
        differs = true;
    } else {
        put.pattern.value.clone_from(&is.pattern);
    }
    if let Some(&to) = put.distribution.change_from(&is.distribution) {
        step.change("distribution", is.distribution, to);
        differs = true;
    } else {
        put.distribution.value = is.distribution;
    }
    differs
}

/// A pattern as a shell takes it.
pub fn shown_pattern(pattern: &str) -> String {
    if pattern.is_empty() { "every event".to_owned() } else { format!("'{pattern}'") }
}

/// The changes that make these the only filters of ours: [`subscribe`], and the rest of what is ours goes.
///
/// A log group that changes from one filter of ours to another does so in one step. Where there is room, and AWS has
/// always allowed two filters, the new one comes first: a line may then arrive twice, and none is missing.
pub fn bring_filters(
    stack: &Stack,
    wanted: &[FilterSpec],
    observed: &Observed,
    options: &FilterOptions,
) -> Plan {
    let mut plan = subscribe(stack, wanted, observed, options);
    let wanted: BTreeSet<(&str, &str)> =
        wanted.iter().map(|spec| (spec.log_group.as_str(), spec.name.as_str())).collect();
    for (log_group, group) in &observed.groups {
        let is_wanted = |name: &str| wanted.contains(&(log_group.as_str(), name));
        for filter in group.filters.iter().filter(|f| is_own_filter(stack, f, None) && !is_wanted(&f.name)) {
            let created = plan.steps.iter_mut().find(|step| creates_in(step, log_group));
            let Some(step) = created else {
                remove(stack, log_group, filter, None, &mut plan);
                continue;
            };
            let delete = Action::DeleteFilter { log_group: log_group.clone(), name: filter.name.clone() };
            if step.actions.contains(&delete) {
                continue;
            }
            step.fields.push(Field {
                name: "replaces".to_owned(),
                old: Some(filter.name.clone()),
                new: None,
            });
            let at = if group.filters.len() < 2 { step.actions.len() } else { 0 };
            step.actions.insert(at, delete);
        }
    }
    plan.ordered()
}

/// Whether a step makes a new filter on this log group.
fn creates_in(step: &Step, log_group: &str) -> bool {
    let put = |action: &Action| matches!(action, Action::PutFilter(put) if put.log_group == log_group);
    step.verb == Verb::Create && step.actions.iter().any(put)
}

/// Whether a filter is this stack's own: it leads to our stream and has our name, with or without a pinned
/// destination. Filters carry no tags.
pub fn is_own_filter(stack: &Stack, filter: &ObservedFilter, also: Option<&str>) -> bool {
    let ours = &stack.names.filter;
    let pinned = || filter.name.strip_suffix(pinned_destination(&filter.name)?)?.strip_suffix('@');
    filter.destination_arn == stack.names.stream_arn(&stack.target)
        && (filter.name == *ours || pinned() == Some(ours) || also == Some(filter.name.as_str()))
}

/// The changes that take our filters off these log groups. Other people's are never touched.
pub fn unsubscribe(stack: &Stack, log_groups: &[String], observed: &Observed, also: Option<&str>) -> Plan {
    let mut plan = Plan::default();
    for log_group in log_groups {
        let Some(group) = observed.groups.get(log_group) else {
            plan.unchanged.push(ResourceId::filter(log_group, &stack.names.filter));
            continue;
        };
        let before = plan.steps.len();
        for filter in &group.filters {
            remove(stack, log_group, filter, also, &mut plan);
        }
        if plan.steps.len() == before {
            plan.unchanged.push(ResourceId::filter(log_group, &stack.names.filter));
        }
    }
    plan
}

/// Deletes a filter of ours, or says why it stays where it leads to our stream.
pub(super) fn remove(
    stack: &Stack,
    log_group: &str,
    filter: &ObservedFilter,
    also: Option<&str>,
    plan: &mut Plan,
) {
    let id = ResourceId::filter(log_group, &filter.name);
    if is_own_filter(stack, filter, also) {
        let mut step = Draft::new(Stage::RemoveFilters, Kind::SubscriptionFilter, &id.name, Verb::Delete);
        step.act(Action::DeleteFilter { log_group: log_group.to_owned(), name: filter.name.clone() });
        step.finish(plan);
    } else if filter.destination_arn == stack.names.stream_arn(&stack.target) {
        plan.keep(id, "it leads to our stream but has another name: name it with --filter-name to remove it");
    }
}
