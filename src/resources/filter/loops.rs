//! Subscription filters that create a log loop.

use crate::error::Code;
use crate::resources::filter::own::{is_own_filter, remove};
use crate::resources::kind::Part;
use crate::resources::{Observed, ObservedFilter, Plan, Refusal, ResourceId, Stack, Stage, recursion};

/// Whether a filter of this log group creates a log loop.
pub fn is_loop(stack: &Stack, observed: &Observed, log_group: &str, filter: &ObservedFilter) -> bool {
    filter.destination_arn == stack.sink_arn()
        && recursion(&stack.names, &observed.readers, &observed.writers, log_group).is_some()
}

/// Removes our filters from the forwarder's own log group. A filter that this stack does not manage is refused by name,
/// since it creates a log loop.
pub(crate) fn own_log(stack: &Stack, observed: &Observed, plan: &mut Plan) -> Part {
    let Some(own) = &observed.log_group else { return Ok(()) };
    for filter in own.filters.iter().filter(|filter| is_loop(stack, observed, &own.name, filter)) {
        if !is_own_filter(stack, filter, None) {
            return Err(refusal(&own.name, filter));
        }
        remove(stack, &own.name, filter, None, Stage::RemoveFilters, plan);
    }
    Ok(())
}

/// Refuses the filters that are not ours and make a loop of another log group: one of another stack's forwarder, or
/// of a function that reads the stream.
pub(crate) fn refuse_others(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let others = observed.groups.iter().filter(|(name, _)| **name != stack.names.function_log_group);
    for (name, group) in others {
        let foreign = group.filters.iter().filter(|filter| !is_own_filter(stack, filter, None));
        let loops = foreign.filter(|filter| is_loop(stack, observed, name, filter));
        plan.refused.extend(loops.map(|filter| refusal(name, filter)));
    }
}

fn refusal(log_group: &str, filter: &ObservedFilter) -> Refusal {
    Refusal {
        resource: ResourceId::filter(log_group, &filter.name),
        code: Code::Recursion,
        reason: "this stack does not manage it, and it sends the forwarder's own lines back to the forwarder: a log loop"
            .to_owned(),
        hint: format!(
            "remove it: `cwl2le unsubscribe --log-group {log_group} --filter-name {}`",
            filter.name
        ),
    }
}
