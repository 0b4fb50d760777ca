//! Which subscription filters are this stack's own, and how they go.

use super::action::Action;
use super::observed::ObservedFilter;
use crate::resources::{Draft, Plan, ResourceId, Stack, Stage, Verb};

/// Whether a filter is this stack's own: see [`Stack::is_own_subscription`]. Filters carry no tags.
pub fn is_own_filter(stack: &Stack, filter: &ObservedFilter, also: Option<&str>) -> bool {
    stack.is_own_subscription(&filter.name, &filter.destination_arn, also)
}

/// Why a filter or an account policy stays that this stack does not manage.
pub(crate) fn other_name(stack: &Stack) -> String {
    let sink = match &stack.names.to_destination {
        Some(_) => "that destination",
        None => "the stream of this stack",
    };
    format!("it sends to {sink} under another name; --filter-name NAME removes it")
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
        let mut step = Draft::of(stage, id, Verb::Delete);
        if stage == Stage::CoveredFilters {
            step.set("covered_by", "account-policy");
        }
        step.act(Action::Delete { log_group: log_group.to_owned(), name: filter.name.clone() });
        step.finish(plan);
    } else if filter.destination_arn == stack.sink_arn() {
        plan.keep(id, other_name(stack));
    }
}
