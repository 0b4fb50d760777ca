//! What must change on one log group for it to have a filter, or none.

use super::Filter;
use super::action::Action;
use super::desired::FilterSpec;
use super::loops::own_log;
use super::own::{is_own_filter, remove};
use super::recursion::recursion;
use crate::error::Code;
use crate::resources::kind::{Losses, Planned, Setup, Teardown};
use crate::resources::{
    self, Draft, Observed, ObservedFilter, ObservedGroup, Plan, ResourceId, Stack, Stage, Step, Verb,
};

/// What a subscription may take the place of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterOptions {
    /// Take over a filter or an account policy of our name that leads elsewhere.
    pub adopt: bool,
    /// Take the place of this filter of the group, or of this account policy, where it is there.
    pub replace: Option<String>,
}

impl Planned for Filter {
    type Action = Action;

    /// Takes our filters off the forwarders' own log groups.
    fn guard(setup: &Setup<'_>, plan: &mut Plan) {
        for forwarder in &setup.forwarders.wanted {
            let own_log = own_log(&forwarder.stack, &forwarder.observed, plan);
            plan.refused.extend(own_log.err());
        }
    }

    fn teardown(&Teardown { stack, observed, options }: &Teardown<'_>, plan: &mut Plan) {
        for (log_group, group) in &observed.groups {
            for filter in &group.filters {
                remove(stack, log_group, filter, options.filter_name.as_deref(), Stage::RemoveFilters, plan);
            }
        }
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        match action {
            Action::Delete { log_group, name } => lost(found, step, log_group, name),
            Action::Put(put) => overwritten(found, &step.resource, put, &put.name),
            Action::Replace { name, put } => overwritten(found, &step.resource, put, name),
        }
    }
}

/// The filter that an action puts.
pub(crate) fn filter_put(action: &resources::Action) -> Option<&FilterSpec> {
    match action {
        resources::Action::Filter(Action::Put(put) | Action::Replace { put, .. }) => Some(put),
        _ => None,
    }
}

/// The changes that give a log group its filter.
pub(crate) fn put_filter(
    stack: &Stack,
    want: &FilterSpec,
    observed: &Observed,
    options: &FilterOptions,
    plan: &mut Plan,
) {
    let id = ResourceId::filter(&want.log_group, &want.name);
    if let Some(reason) = recursion(&stack.names, &observed.readers, &observed.writers, &want.log_group) {
        plan.refuse(
            id,
            Code::Recursion,
            reason,
            "exclude this log group; read it with `aws logs tail GROUP`",
        );
        return;
    }
    let Some(group) = observed.groups.get(&want.log_group) else {
        plan.refuse(
            id,
            Code::UnknownLogGroup,
            format!("there is no log group `{}` in {}", want.log_group, stack.target.region),
            observed.instead_of(&want.log_group),
        );
        return;
    };
    if !group.class.is_empty() && group.class != "STANDARD" {
        plan.refuse(
            id,
            Code::LogGroupClass,
            format!("the log group has class {}, and only STANDARD can be subscribed", group.class),
            "AWS cannot change a class: have the application log to a new group of class STANDARD",
        );
        return;
    }

    let draft = |verb| Draft::of(Stage::Filters, id.clone(), verb);
    let replaced = options.replace.as_ref().filter(|name| **name != want.name && has(group, name));
    let mut put = want.clone();
    let step = match group.filters.iter().find(|f| f.name == want.name) {
        None => {
            let mut step = draft(Verb::Create);
            if let Some(name) = replaced {
                step.change("replaces", name.as_str(), want.name.as_str());
            }
            step.set("pattern", want.pattern.value.as_str());
            step.set("distribution", want.distribution.value.to_string());
            step.act(match replaced {
                Some(name) => Action::Replace { name: name.clone(), put: Box::new(put) },
                None => Action::Put(Box::new(put)),
            });
            step.finish(plan);
            return;
        }
        Some(is)
            if is.destination_arn != want.destination_arn
                && !is_own_filter(stack, is, None)
                && !options.adopt =>
        {
            plan.refuse(
                id,
                Code::NotOurs,
                format!("a filter of this name already exists and sends to {}", is.destination_arn),
                "take it over with --adopt, or choose another name with --filter-name",
            );
            return;
        }
        Some(is) => {
            let is_ours = is.destination_arn == want.destination_arn || is_own_filter(stack, is, None);
            let verb = if is_ours { Verb::Update } else { Verb::Adopt };
            let mut step = draft(verb);
            if update(&mut step, is, &mut put) {
                step.act(Action::Put(Box::new(put)));
            }
            step
        }
    };
    step.finish(plan);
    // Ours is there already: what it is to take the place of goes on its own.
    if let Some(name) = replaced {
        let old = ResourceId::filter(&want.log_group, name);
        let mut step = Draft::of(Stage::CoveredFilters, old, Verb::Delete);
        step.set("replaced_by", want.name.as_str());
        step.act(Action::Delete { log_group: want.log_group.clone(), name: name.clone() });
        step.finish(plan);
    }
}

fn has(group: &ObservedGroup, name: &str) -> bool {
    group.filters.iter().any(|filter| filter.name == name)
}

/// Says so where what is to be replaced is none of these: it may be misspelt.
pub(crate) fn say_unfound<'a>(
    options: &FilterOptions,
    mut log_groups: impl Iterator<Item = &'a String>,
    policy: Option<&str>,
    observed: &Observed,
    plan: &mut Plan,
) {
    let Some(name) = &options.replace else { return };
    let of_group = |log_group: &String| observed.groups.get(log_group).is_some_and(|group| has(group, name));
    if !log_groups.any(of_group) && policy != Some(name) {
        plan.notes.push(format!("there is no filter `{name}` to replace"));
    }
}

/// Keeps what was not asked for; says whether anything differs.
fn update(step: &mut Draft, is: &ObservedFilter, put: &mut FilterSpec) -> bool {
    put.extras.clone_from(&is.extras);
    let mut differs = false;
    if is.destination_arn != put.destination_arn {
        step.change("destination", is.destination_arn.as_str(), put.destination_arn.as_str());
        differs = true;
    }
    if put.role_arn.is_none() && is.destination_arn == put.destination_arn {
        put.role_arn.clone_from(&is.role_arn);
    }
    if is.role_arn != put.role_arn {
        step.change("role", is.role_arn.as_deref(), put.role_arn.as_deref());
        differs = true;
    }
    if let Some(to) = put.pattern.change_from(&is.pattern) {
        step.change("pattern", is.pattern.as_str(), to.as_str());
        differs = true;
    } else {
        put.pattern.value.clone_from(&is.pattern);
    }
    if let Some(&to) = put.distribution.change_from(&is.distribution) {
        step.change("distribution", is.distribution.to_string(), to.to_string());
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

/// A filter that goes, unless another one or the account policy takes its place in the same plan.
fn lost(found: &mut Losses<'_>, step: &Step, log_group: &str, name: &str) {
    let mut puts = found.plan.steps.iter().flat_map(|step| &step.actions).filter_map(filter_put);
    if step.stage == Stage::CoveredFilters || puts.any(|put| put.log_group == log_group) {
        return;
    }
    let sink = found.stack.sink_arn();
    let elsewhere = observed_filter(found, log_group, name).map(|filter| filter.destination_arn.clone());
    let to = elsewhere.filter(|arn| *arn != sink).unwrap_or_else(|| found.stack.names.sink().to_owned());
    found.add(&step.resource, format!("new events of {log_group} no longer reach {to}"));
}

/// A filter that leads elsewhere and is written over, or that another one takes the place of.
fn overwritten(found: &mut Losses<'_>, id: &ResourceId, put: &FilterSpec, name: &str) {
    let before = observed_filter(found, &put.log_group, name).map(|filter| filter.destination_arn.clone());
    if let Some(arn) = before.filter(|arn| *arn != put.destination_arn) {
        found.add(id, format!("the filter `{name}`: new events of {} no longer reach {arn}", put.log_group));
    }
}

fn observed_filter<'o>(found: &Losses<'o>, log_group: &str, name: &str) -> Option<&'o ObservedFilter> {
    found.observed.groups.get(log_group)?.filters.iter().find(|filter| filter.name == name)
}
