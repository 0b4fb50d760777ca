//! What must change on one log group for it to have a filter, or none.

use crate::error::Code;
use crate::plan::draft::Draft;
use crate::resources::{
    AccountPolicy, Action, FilterSpec, Kind, Observed, ObservedFilter, ObservedGroup, Plan, ResourceId,
    Stack, Stage, Verb, recursion,
};

/// What to do about a log group that does not exist.
pub const UNKNOWN_LOG_GROUP_HINT: &str =
    "check the name and the region; names are case-sensitive and mostly begin with a slash";

/// What a subscription may take the place of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterOptions {
    /// Take over a filter or an account policy of our name that leads elsewhere.
    pub adopt: bool,
    /// Take the place of this filter of the group, or of this account policy, where it is there.
    pub replace: Option<String>,
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
        plan.refuse(id, Code::Recursion, reason, "leave this log group out: read it where it is");
        return;
    }
    let Some(group) = observed.groups.get(&want.log_group) else {
        plan.refuse(
            id,
            Code::UnknownLogGroup,
            format!("there is no log group `{}` in {}", want.log_group, stack.target.region),
            UNKNOWN_LOG_GROUP_HINT,
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
    let replaced = options.replace.as_ref().filter(|name| **name != want.name && has(group, name));
    let mut put = want.clone();
    let step = match group.filters.iter().find(|f| f.name == want.name) {
        None => {
            let mut step = draft(Verb::Create);
            if let Some(name) = replaced {
                step.change("replaces", name, &want.name);
            }
            step.set("pattern", shown_pattern(&want.pattern.value));
            step.set("distribution", want.distribution.value);
            step.act(match replaced {
                Some(name) => Action::ReplaceFilter { name: name.clone(), put: Box::new(put) },
                None => Action::PutFilter(Box::new(put)),
            });
            step.finish(plan);
            return;
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
            if update(&mut step, is, &mut put) {
                step.act(Action::PutFilter(Box::new(put)));
            }
            step
        }
    };
    step.finish(plan);
    // Ours is there already: what it is to take the place of goes on its own.
    if let Some(name) = replaced {
        let old = ResourceId::filter(&want.log_group, name);
        let mut step = Draft::new(Stage::CoveredFilters, Kind::SubscriptionFilter, &old.name, Verb::Delete);
        step.set("replaced by", &want.name);
        step.act(Action::DeleteFilter { log_group: want.log_group.clone(), name: name.clone() });
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
    policy: Option<&AccountPolicy>,
    observed: &Observed,
    plan: &mut Plan,
) {
    let Some(name) = &options.replace else { return };
    let of_group = |log_group: &String| observed.groups.get(log_group).is_some_and(|group| has(group, name));
    if !log_groups.any(of_group) && policy.is_none_or(|policy| policy.name != *name) {
        plan.notes.push(format!("no filter is called `{name}`; nothing to replace"));
    }
}

/// Keeps what was not asked for; says whether anything differs.
fn update(step: &mut Draft, is: &ObservedFilter, put: &mut FilterSpec) -> bool {
    put.extras.clone_from(&is.extras);
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

/// Whether a filter is this stack's own: it leads to our stream and has our name, with or without a pinned
/// destination. Filters carry no tags.
pub fn is_own_filter(stack: &Stack, filter: &ObservedFilter, also: Option<&str>) -> bool {
    filter.destination_arn == stack.names.stream_arn(&stack.target) && is_own_name(stack, &filter.name, also)
}

/// Whether a filter or an account policy has our name, or this other one.
pub(crate) fn is_own_name(stack: &Stack, name: &str, also: Option<&str>) -> bool {
    stack.names.is_filter(name) || also == Some(name)
}

/// Deletes a filter of ours, or says why it stays where it leads to our stream.
pub(crate) fn remove(
    stack: &Stack,
    log_group: &str,
    filter: &ObservedFilter,
    also: Option<&str>,
    stage: Stage,
    plan: &mut Plan,
) {
    let id = ResourceId::filter(log_group, &filter.name);
    if is_own_filter(stack, filter, also) {
        let mut step = Draft::new(stage, Kind::SubscriptionFilter, &id.name, Verb::Delete);
        if stage == Stage::CoveredFilters {
            step.set("covered by", "the account policy");
        }
        step.act(Action::DeleteFilter { log_group: log_group.to_owned(), name: filter.name.clone() });
        step.finish(plan);
    } else if filter.destination_arn == stack.names.stream_arn(&stack.target) {
        plan.keep(id, "it leads to our stream but has another name: name it with --filter-name to remove it");
    }
}
