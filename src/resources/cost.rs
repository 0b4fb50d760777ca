//! What a stack costs a month, before and after the changes of a plan. Pure.

use super::{Kind, Observed, Plan, Stack, StreamMode, StreamStatus, Verb};
use crate::plan::Cost;
use crate::prices::{Capacity, Measured, Prices};
use crate::stack::owns;

/// The bill of a stack: that of its stream and its alarms, and of what it has used lately, where that is known.
pub(crate) fn cost(
    stack: &Stack,
    observed: &Observed,
    plan: &Plan,
    used: Option<&Measured>,
    prices: &Prices,
) -> Cost {
    let want = &stack.stream;
    let is = observed.stream.as_ref().filter(|stream| stream.status != StreamStatus::Deleting);
    let capacity = |mode: StreamMode, retention_hours| Capacity { shards: mode.shards(), retention_hours };
    let now = is.map(|is| capacity(is.mode, is.retention_hours));
    let planned = match is {
        None => capacity(want.mode.value, want.retention_hours.value),
        Some(is) => {
            let mode = want.mode.change_from(&is.mode).unwrap_or(&is.mode);
            let hours = want.retention_hours.change_from(&is.retention_hours).unwrap_or(&is.retention_hours);
            capacity(*mode, *hours)
        }
    };
    let alarms = observed.alarms.values();
    let alarms = alarms.filter(|alarm| owns(&stack.name, &stack.target.region, &alarm.tags)).count();
    let steps = |verb| {
        let of_alarms = plan.steps.iter().filter(|step| step.resource.kind == Kind::ALARM);
        of_alarms.filter(|step| step.verb == verb).count()
    };
    let planned_alarms = (alarms + steps(Verb::Create)).saturating_sub(steps(Verb::Delete));
    let month = |capacity: Capacity, alarms: usize| {
        let used = used.cloned().unwrap_or_default();
        Measured { stream: Some(capacity), alarms: Some(alarms), ..used }.charges()
    };
    let now = now.map(|now| month(now, alarms));
    Cost { traffic: used.is_some(), ..Cost::of(now, month(planned, planned_alarms), prices) }
}
