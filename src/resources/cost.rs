//! What a stack costs a month, before and after the changes of a plan. Pure.

use std::collections::BTreeSet;
use std::iter::repeat_n;

use serde_json::Value;

use super::account_policy::plan::policy_put;
use super::filter::plan::filter_put;
use super::{Arch, Field, Kind, Observed, Plan, Stack, StreamMode, StreamStatus, Verb};
use crate::plan::Cost;
use crate::prices::{COMPRESSED, Capacity, Lately, Measured, Prices, Used};
use crate::stack::owns;

/// The bill of a stack: that of its stream, its alarms and its dashboard, and of what it has used lately, where that is
/// known.
pub(crate) fn cost(
    stack: &Stack,
    observed: &Observed,
    plan: &Plan,
    lately: Option<&Lately>,
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
    let dashboards = observed.dashboard.iter();
    let dashboards = dashboards.filter(|is| owns(&stack.name, &stack.target.region, &is.tags)).count();
    let after = |kind: Kind, now: usize| {
        (now + steps(plan, kind, Verb::Create)).saturating_sub(steps(plan, kind, Verb::Delete))
    };
    let month = |capacity: Capacity, alarms: usize, dashboards: usize, used: Measured| {
        Measured { stream: Some(capacity), alarms: Some(alarms), dashboards, ..used }.charges()
    };
    let used = lately.map(|lately| lately.used.clone()).unwrap_or_default();
    let functions = functions(plan, &used.functions);
    let logged = lately.map(|lately| lately.logged).unwrap_or_default();
    let more = planned.by_log_groups(logged, COMPRESSED, functions.len());
    let (alarms_then, dashboards_then) = (after(Kind::ALARM, alarms), after(Kind::DASHBOARD, dashboards));
    let mut then = month(planned, alarms_then, dashboards_then, Measured { functions, ..used.clone() });
    then.extend(more.into_iter().filter(|charge| charge.quantity > 0.0));
    let now = now.map(|now| month(now, alarms, dashboards, used));
    let subscribed = new_log_groups(stack, observed, plan).len();
    Cost {
        traffic: lately.is_some(),
        log_groups: lately.map(|_| subscribed).filter(|subscribed| *subscribed > 0),
        ..Cost::of(now, then, prices)
    }
}

/// Whether what the changes cost depends on what the stack uses: on its traffic, or on that of new log groups.
pub(crate) fn depends_on_use(stack: &Stack, observed: &Observed, plan: &Plan) -> bool {
    let is = |function: &super::ObservedFunction| Used {
        memory_mb: function.memory_mb,
        is_arm: function.arch == Arch::Arm64,
        ..Used::default()
    };
    let in_force = observed.in_force();
    let is: Vec<Used> = in_force.functions().map(is).collect();
    functions(plan, &is) != is || !new_log_groups(stack, observed, plan).is_empty()
}

/// The log groups that a plan subscribes and that nothing leads to the stream yet, as far as they were looked at.
pub(crate) fn new_log_groups<'a>(stack: &Stack, observed: &'a Observed, plan: &Plan) -> BTreeSet<&'a String> {
    let stream = stack.names.stream_arn(&stack.target);
    let actions = || plan.steps.iter().flat_map(|step| &step.actions);
    let filters = actions().filter_map(filter_put).map(|put| put.log_group.as_str());
    let filters: BTreeSet<&str> = filters.collect();
    let policy = actions().find_map(policy_put);
    let is_put = |name: &str, class: &str| {
        filters.contains(name) || policy.is_some_and(|policy| policy.covers(name, class))
    };
    let new = observed.groups.iter().filter(|(name, group)| is_put(name, &group.class));
    new.map(|(name, _)| name).filter(|name| !observed.is_led_to(&stream, name)).collect()
}

/// What the functions would have used, had they been what they are to be. An invocation takes as long as it does now.
fn functions(plan: &Plan, used: &[Used]) -> Vec<Used> {
    // All functions of a stack get the same.
    let of_functions = plan.steps.iter().filter(|step| step.resource.kind == Kind::FUNCTION);
    let changed: Vec<&Field> =
        of_functions.filter(|step| step.verb != Verb::Create).flat_map(|step| &step.fields).collect();
    let new = |name: &str| changed.iter().find(|field| field.name == name)?.new.as_ref();
    let memory_mb = new("memory_mb").and_then(Value::as_u64).and_then(|memory| u32::try_from(memory).ok());
    let is_arm = new("architecture").map(|arch| arch == Arch::Arm64.as_str());
    let resized = |is: &Used| Used {
        memory_mb: memory_mb.unwrap_or(is.memory_mb),
        is_arm: is_arm.unwrap_or(is.is_arm),
        ..is.clone()
    };
    let mut all: Vec<Used> = used.iter().map(resized).collect();
    let Some(main) = all.first().cloned() else { return all };
    // A new one reads what the others read, and sends what they no longer send.
    let new = Used { bytes_out: Some(0.0), ..main };
    all.extend(repeat_n(new, steps(plan, Kind::FUNCTION, Verb::Create)));
    for _ in 0..steps(plan, Kind::FUNCTION, Verb::Delete).min(all.len() - 1) {
        let sent = all.pop().and_then(|gone| gone.bytes_out).unwrap_or_default();
        all[0].bytes_out = all[0].bytes_out.map(|bytes| bytes + sent);
    }
    all
}

fn steps(plan: &Plan, kind: Kind, verb: Verb) -> usize {
    plan.steps.iter().filter(|step| step.resource.kind == kind && step.verb == verb).count()
}
