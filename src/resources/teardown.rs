//! What `teardown` must remove: what is ours, in an order that loses no log.

use crate::plan::draft::Draft;
use crate::resources::account_policy::plan::{is_own_policy, remove_policy, take_back};
use crate::resources::filter::plan::{is_own_filter, remove};
use crate::resources::function::forwarders::{existing, isolated_functions};
use crate::resources::{
    Action, Field, Kind, Observed, ObservedFilter, ObservedFunction, ObservedRole, ObservedTrigger, Plan,
    ResourceId, Stack, Stage, Step, StreamStatus, TriggerState, Verb,
};
use crate::stack::{Tags, owns};

/// How far a teardown goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeardownOptions {
    /// Delete the stream even where others still write to it or read from it.
    pub force: bool,
    /// A name of filters and of the account policy that is ours beside the default one.
    pub filter_name: Option<String>,
}

/// The changes that remove everything of this stack that is ours; `observed.groups` must hold every log group of the
/// region, because filters carry no tags and are found only by looking.
pub fn teardown(stack: &Stack, observed: &Observed, options: &TeardownOptions) -> Plan {
    let mut plan = Plan::default();
    for (log_group, filters) in &observed.groups {
        for filter in &filters.filters {
            remove(stack, log_group, filter, options.filter_name.as_deref(), Stage::RemoveFilters, &mut plan);
        }
    }
    remove_policy(stack, observed, options.filter_name.as_deref(), Stage::RemoveFilters, &mut plan);
    let foreign_filters = plan.kept.len();

    let names = &stack.names;
    let owned = |tags: &Tags| owns(&stack.name, &stack.target.region, tags);
    let function_is_ours = observed.function.as_ref().is_none_or(|f| owned(&f.tags));
    forwarder(stack, observed, options, &mut plan);
    for own in existing(stack, observed) {
        forwarder(&own.stack, &own.observed, options, &mut plan);
    }
    for (is, own_policy) in
        [(&observed.logs_role, &names.logs_policy), (&observed.function_role, &names.function_policy)]
    {
        let Some(is) = is else { continue };
        let foreign: Vec<&str> =
            is.policies.keys().filter(|name| *name != own_policy).map(String::as_str).collect();
        let of_others = observed.function.as_ref().filter(|_| !function_is_ours);
        let user = if writes_for_others(stack, observed, options, &is.arn) {
            Some("subscriptions of other names than ours still use it; --filter-name removes them".to_owned())
        } else if of_others.is_some_and(|function| function.role_arn == is.arn) {
            Some("a function that is not ours runs with it".to_owned())
        } else {
            (!foreign.is_empty())
                .then(|| format!("it has inline policies that are not ours: {}", foreign.join(", ")))
        };
        let resource = Resource { kind: Kind::Role, name: &is.name, ours: owned(&is.tags), user };
        if let Some(step) = resource.delete(delete_role(is), options, &mut plan) {
            let detached = is.attached.iter().map(|arn| ("detaches", arn.as_str()));
            let removed = foreign.iter().map(|name| ("removes inline policy, not ours", *name));
            step.fields.extend(detached.chain(removed).map(|(name, what)| Field {
                name: name.to_owned(),
                old: None,
                new: Some(what.to_owned()),
            }));
        }
    }
    stream(stack, observed, options, foreign_filters, &mut plan);
    take_back(stack, observed, Stage::RemoveStream, &mut plan);
    for own in existing(stack, observed) {
        take_back(&own.stack, &own.observed, Stage::RemoveStream, &mut plan);
    }
    plan.ordered()
}

/// Removes a function with its triggers and its log group; `stack` and `observed` are as it sees them.
fn forwarder(stack: &Stack, observed: &Observed, options: &TeardownOptions, plan: &mut Plan) {
    let names = &stack.names;
    let owned = |tags: &Tags| owns(&stack.name, &stack.target.region, tags);
    let function_is_ours = observed.function.as_ref().is_none_or(|f| owned(&f.tags));
    let stream_arn = names.stream_arn(&stack.target);
    for is in observed.triggers.iter().filter(|t| t.source_arn == stream_arn) {
        let name = names.trigger();
        if !function_is_ours {
            plan.keep(ResourceId::new(Kind::Trigger, name), "its function is not ours");
            continue;
        }
        let mut step = Draft::new(Stage::RemoveTrigger, Kind::Trigger, &name, Verb::Delete);
        step.act(if is.state == TriggerState::Deleting {
            Action::AwaitTriggerGone { uuid: is.uuid.clone() }
        } else {
            Action::DeleteTrigger { uuid: is.uuid.clone() }
        });
        step.finish(plan);
    }
    for is in observed.triggers.iter().filter(|t| t.source_arn != stream_arn) {
        let source =
            is.source_arn.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("another source");
        let reason = format!(
            "it does not read our stream and is not ours; `aws lambda delete-event-source-mapping --uuid {}` removes it",
            is.uuid
        );
        plan.keep(ResourceId::new(Kind::Trigger, format!("{source} -> {}", names.function)), reason);
    }
    if let Some(is) = &observed.function {
        let action = Action::DeleteFunction { name: names.function.clone() };
        delete(Stage::RemoveFunction, Kind::Function, &names.function, owned(&is.tags), action, plan);
    }
    if let Some(is) = &observed.log_group {
        let action = Action::DeleteLogGroup { name: is.name.clone() };
        let user = match foreign_filters_on(stack, &is.filters, options) {
            Some(names) => Some(format!("it has subscription filters that are not ours: {names}")),
            None => (!function_is_ours).then(|| "a function that is not ours logs to it".to_owned()),
        };
        let resource = Resource { kind: Kind::LogGroup, name: &is.name, ours: owned(&is.tags), user };
        resource.delete(action, options, plan);
    }
}

fn delete(stage: Stage, kind: Kind, name: &str, ours: bool, action: Action, plan: &mut Plan) {
    if !ours {
        plan.keep(ResourceId::new(kind, name), "it is not ours: it has no tags of this stack");
        return;
    }
    let mut step = Draft::new(stage, kind, name, Verb::Delete);
    step.act(action);
    step.finish(plan);
}

/// A resource that goes with the foundations, unless somebody uses it.
struct Resource<'a> {
    kind: Kind,
    name: &'a str,
    ours: bool,
    /// Who else uses it, as a sentence.
    user: Option<String>,
}

impl Resource<'_> {
    /// Deletes it where it is ours, and nobody else uses it or the user insists; gives the step.
    fn delete<'p>(
        self,
        action: Action,
        options: &TeardownOptions,
        plan: &'p mut Plan,
    ) -> Option<&'p mut Step> {
        if let Some(user) = self.user.filter(|_| self.ours && !options.force) {
            let reason = format!("{user}; --force deletes it all the same");
            plan.keep(ResourceId::new(self.kind, self.name), reason);
            return None;
        }
        delete(Stage::RemoveFoundations, self.kind, self.name, self.ours, action, plan);
        plan.steps.last_mut().filter(|_| self.ours)
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

/// Whether a filter or an account policy that is not ours has CloudWatch Logs assume this role.
fn writes_for_others(stack: &Stack, observed: &Observed, options: &TeardownOptions, role_arn: &str) -> bool {
    let also = options.filter_name.as_deref();
    let policy = observed.account_policy.as_ref().filter(|policy| !is_own_policy(stack, policy, also));
    if policy.is_some_and(|policy| policy.role_arn.as_deref() == Some(role_arn)) {
        return true;
    }
    observed
        .groups
        .values()
        .flat_map(|group| &group.filters)
        .any(|filter| filter.role_arn.as_deref() == Some(role_arn) && !is_own_filter(stack, filter, also))
}

fn delete_role(is: &ObservedRole) -> Action {
    Action::DeleteRole {
        role: is.name.clone(),
        policies: is.policies.keys().cloned().collect(),
        attached: is.attached.clone(),
    }
}

fn stream(
    stack: &Stack,
    observed: &Observed,
    options: &TeardownOptions,
    foreign_filters: usize,
    plan: &mut Plan,
) {
    let Some(is) = &observed.stream else { return };
    let name = &stack.names.stream;
    let id = ResourceId::new(Kind::Stream, name);
    if is.status == StreamStatus::Deleting {
        let mut step = Draft::new(Stage::RemoveStream, Kind::Stream, name, Verb::Await);
        step.act(Action::AwaitStreamGone { name: name.clone() });
        step.finish(plan);
        return;
    }
    let ours = owns(&stack.name, &stack.target.region, &is.tags);
    let user = user_of_stream(stack, observed, foreign_filters).filter(|_| ours && !options.force);
    if let Some(user) = user {
        plan.keep(id, format!("{user}; --force deletes it all the same"));
        return;
    }
    let action = Action::DeleteStream { name: name.clone(), force_consumers: options.force };
    delete(Stage::RemoveStream, Kind::Stream, name, ours, action, plan);
}

/// Why there may be records in the stream that nobody has delivered, as far as the triggers say.
pub(crate) fn undelivered(stack: &Stack, observed: &Observed) -> Option<String> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let of_stream = |triggers: &[ObservedTrigger]| {
        triggers.iter().find(|trigger| trigger.source_arn == stream_arn).cloned()
    };
    let Some(main) = of_stream(&observed.triggers) else {
        return Some("no trigger of ours reads it".to_owned());
    };
    let own = existing(stack, observed).into_iter().filter_map(|own| of_stream(&own.observed.triggers));
    [main].into_iter().chain(own).find_map(|trigger| {
        let result = trigger.last_result.as_deref().unwrap_or_default();
        if result.starts_with("PROBLEM") {
            Some(format!("the last result of its trigger is `{result}`"))
        } else if trigger.state == TriggerState::Disabled {
            Some("its trigger is disabled".to_owned())
        } else {
            None
        }
    })
}

/// Who else writes to the stream or reads from it.
fn user_of_stream(stack: &Stack, observed: &Observed, foreign_filters: usize) -> Option<String> {
    let consumers = observed.stream.as_ref().map_or(&[][..], |s| &s.consumers);
    let ours = |function: &ObservedFunction| owns(&stack.name, &stack.target.region, &function.tags);
    let own = observed.function.as_ref().is_none_or(ours).then_some(&stack.names.function);
    let isolated: Vec<String> = isolated_functions(stack, observed).into_values().collect();
    let readers: Vec<&str> = observed
        .readers
        .iter()
        .filter(|f| Some(*f) != own && !isolated.contains(f))
        .map(String::as_str)
        .collect();
    if !consumers.is_empty() {
        Some(format!("it has registered consumers that are not ours: {}", consumers.join(", ")))
    } else if !readers.is_empty() {
        Some(format!("other functions are triggered by it: {}", readers.join(", ")))
    } else if foreign_filters > 0 {
        Some(format!(
            "{foreign_filters} subscription(s) of other names than ours still lead to it, which --filter-name removes"
        ))
    } else {
        None
    }
}
