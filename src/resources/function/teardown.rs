//! What a teardown removes of a function.

use super::action::Action;
use crate::resources::filter::own::is_own_filter;
use crate::resources::removal::{Removal, delete};
use crate::resources::{
    Draft, Kind, Observed, ObservedFilter, Plan, ResourceId, Stack, Stage, TeardownOptions, TriggerState,
    Verb, log_group, trigger,
};
use crate::stack::{Tags, owns};

/// Removes a function with its triggers and its log group; `stack` and `observed` are as it sees them.
pub(crate) fn forwarder(stack: &Stack, observed: &Observed, options: &TeardownOptions, plan: &mut Plan) {
    let names = &stack.names;
    let owned = |tags: &Tags| owns(&stack.name, &stack.target.region, tags);
    let function_is_ours = observed.function.as_ref().is_none_or(|f| owned(&f.tags));
    let stream_arn = names.stream_arn(&stack.target);
    for is in observed.triggers.iter().filter(|t| t.source_arn == stream_arn) {
        let id = ResourceId::trigger(names);
        if !function_is_ours {
            plan.keep(id, "this stack does not manage its function");
            continue;
        }
        let mut step = Draft::of(Stage::RemoveTrigger, id, Verb::Delete);
        step.act(if is.state == TriggerState::Deleting {
            trigger::Action::AwaitGone { uuid: is.uuid.clone() }
        } else {
            trigger::Action::Delete { uuid: is.uuid.clone() }
        });
        step.finish(plan);
    }
    for is in observed.triggers.iter().filter(|t| t.source_arn != stream_arn) {
        let source =
            is.source_arn.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("another source");
        let reason = format!(
            "it does not read the stream of this stack, which does not manage it; `aws lambda delete-event-source-mapping --uuid {}` removes it",
            is.uuid
        );
        plan.keep(ResourceId::trigger(names).reading(source), reason);
    }
    if let Some(is) = &observed.function {
        let action = Action::Delete { name: names.function.clone() };
        delete(Stage::RemoveFunction, Kind::FUNCTION, &names.function, owned(&is.tags), action, plan);
        if is.network.is_private() && owned(&is.tags) {
            plan.notes.push(format!(
                "Lambda deletes the network interfaces of {} up to 20 minutes after it, and needs its role for that: to delete the \
                 subnets too, run `cwl2le setup --subnets none` first and wait until the interfaces are gone",
                names.function
            ));
        }
    }
    if let Some(is) = &observed.log_group {
        let action = log_group::Action::Delete { name: is.name.clone() };
        let user = match foreign_filters_on(stack, &is.filters, options) {
            Some(names) => {
                Some(format!("it has subscription filters that this stack does not manage: {names}"))
            }
            None => (!function_is_ours)
                .then(|| "a function that this stack does not manage logs to it".to_owned()),
        };
        let removal = Removal { kind: Kind::LOG_GROUP, name: &is.name, ours: owned(&is.tags), user };
        removal.delete(action, options, plan);
    }
}

/// The names of filters of the forwarder's log group that are not ours, where there are any: they go with it.
fn foreign_filters_on(
    stack: &Stack,
    filters: &[ObservedFilter],
    options: &TeardownOptions,
) -> Option<String> {
    let also = options.filter_name.as_deref();
    let foreign = filters.iter().filter(|filter| !is_own_filter(stack, filter, also));
    let names: Vec<&str> = foreign.map(|filter| filter.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
