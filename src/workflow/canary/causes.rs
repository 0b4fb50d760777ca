//! What keeps a canary from getting further, by what exists. Pure: no SDK, no clock.

use crate::resources::{
    FunctionFailure, ObservedFunction, ObservedRole, ObservedTrigger, RoleSpec, StreamStatus, TriggerState,
    Unread, same_meaning,
};

use super::seen::Seen;

/// Something that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// What is broken, as a sentence without a full stop.
    pub(super) what: String,
    /// Whether the canary cannot get past it, so that waiting is in vain.
    pub(super) is_certain: bool,
    /// The verb that puts it right, with its flags; empty where none of cwl2le does.
    pub(super) verb: &'static str,
}

impl Cause {
    fn certain(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_certain: true, verb: "setup" }
    }

    /// The patterns of a log group's filters keep the line out of the stream.
    pub(super) fn of_pattern(log_group: &str, patterns: &str, message: &str) -> Self {
        Self {
            verb: "",
            ..Self::certain(format!(
                "the filter pattern {patterns} of {log_group} does not let the line `{message}` through"
            ))
        }
    }

    fn possible(what: impl Into<String>) -> Self {
        Self { is_certain: false, ..Self::certain(what) }
    }
}

/// What keeps lines of a log group from the stream. `ways` are the names of what leads from there into the stream.
pub(super) fn into_the_stream(seen: &Seen, log_group: &str, ways: Option<&[String]>) -> Vec<Cause> {
    let mut causes = stream(seen);
    if ways.is_some_and(<[String]>::is_empty) {
        causes.push(Cause {
            verb: "subscribe",
            ..Cause::certain(format!("no subscription filter of {log_group} leads to the stream"))
        });
    }
    if seen.has_read(Unread::Roles) {
        causes.extend(role(&seen.stack.logs_role, seen.observed.logs_role.as_ref(), "CloudWatch Logs"));
    }
    causes
}

/// What keeps the stream from taking or giving records.
fn stream(seen: &Seen) -> Vec<Cause> {
    let name = &seen.stack.names.stream;
    match seen.observed.stream.as_ref().map(|stream| stream.status) {
        None if seen.has_read(Unread::Stream) => {
            vec![Cause::certain(format!("the stream {name} does not exist"))]
        }
        Some(StreamStatus::Deleting) => vec![Cause::certain(format!("the stream {name} is being deleted"))],
        Some(StreamStatus::Creating) => vec![Cause::certain(format!("the stream {name} is not active yet"))],
        _ => Vec::new(),
    }
}

/// What keeps a function from its records: the main one, or that of an isolated destination.
pub(super) fn into_the_function(seen: &Seen, destination: Option<&str>) -> Vec<Cause> {
    let own = destination.and_then(|name| seen.observed.isolated.get(name));
    let (function, triggers) = match own {
        Some(own) => (own.function.as_ref(), &own.triggers),
        None => (seen.observed.function.as_ref(), &seen.observed.triggers),
    };
    let name = match (own, destination) {
        (Some(_), Some(destination)) => seen.stack.names.isolated(destination).function,
        _ => seen.stack.names.function.clone(),
    };
    let mut causes = stream(seen);
    if seen.has_read(Unread::Triggers) {
        causes.extend(trigger(triggers, &name));
    }
    causes.extend(self::function(function, &name));
    if seen.has_read(Unread::Roles) {
        causes.extend(role(&seen.stack.function_role, seen.observed.function_role.as_ref(), "Lambda"));
    }
    causes
}

fn trigger(triggers: &[ObservedTrigger], function: &str) -> Vec<Cause> {
    let living: Vec<_> = triggers.iter().filter(|trigger| trigger.state != TriggerState::Deleting).collect();
    if living.is_empty() {
        return vec![Cause::certain(format!(
            "nothing reads the stream: {function} has no event source mapping for it"
        ))];
    }
    if living.iter().all(|trigger| trigger.state == TriggerState::Disabled) {
        return vec![Cause::certain(format!("the event source mapping of {function} is disabled"))];
    }
    let mut causes = Vec::new();
    if living.iter().any(|trigger| trigger.is_filtered) {
        causes.push(Cause::possible(format!(
            "the event source mapping of {function} has filter criteria, which keep records from it"
        )));
    }
    let problems = living.iter().filter_map(|trigger| trigger.last_result.as_deref());
    let problems = problems.filter(|result| result.starts_with("PROBLEM"));
    causes.extend(problems.map(|result| Cause::possible(format!("Lambda's last result: {result}"))));
    causes
}

fn function(is: Option<&ObservedFunction>, name: &str) -> Option<Cause> {
    let Some(is) = is else { return Some(Cause::certain(format!("the function {name} does not exist"))) };
    match &is.failure {
        Some(failure @ FunctionFailure::Creation(_)) => {
            return Some(Cause::certain(format!("the function {name}: {failure}")));
        }
        Some(failure @ FunctionFailure::Update(_)) => {
            return Some(Cause::possible(format!("the function {name}: {failure}")));
        }
        None => {}
    }
    (is.reserved_concurrency == Some(0))
        .then(|| Cause::certain(format!("the function {name} is throttled: its reserved concurrency is 0")))
}

/// What is wrong with a role that a service assumes.
fn role(want: &RoleSpec, is: Option<&ObservedRole>, service: &str) -> Option<Cause> {
    let name = &want.name;
    let Some(is) = is else { return Some(Cause::certain(format!("the role {name} does not exist"))) };
    if !same_meaning(&is.trust, &want.trust) {
        return Some(Cause::possible(format!(
            "the trust policy of the role {name} was changed: {service} may not assume it"
        )));
    }
    match is.policies.get(&want.policy_name) {
        None => Some(Cause::certain(format!(
            "the role {name} has lost its inline policy {}, so {service} may do nothing with it",
            want.policy_name
        ))),
        Some(policy) if !same_meaning(policy, &want.policy) => Some(Cause::possible(format!(
            "the inline policy {} of the role {name} was changed",
            want.policy_name
        ))),
        Some(_) => None,
    }
}
