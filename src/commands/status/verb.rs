//! `cwl2le status`: what exists of the chain and how it is.

use std::collections::BTreeSet;

use serde::Serialize;

use super::log_lines::FunctionHealth;
use super::{isolated, log_lines};
use crate::aws::{Depth, Session, observe};
use crate::cli::Status;
use crate::commands::Context;
use crate::error::{Code, Result};
use crate::flags::CommandLine;
use crate::plan::{
    Field, Kind, Observed, ObservedTrigger, Plan, ResourceId, is_loop, is_own_filter, is_own_policy,
    would_loop,
};
use crate::settings::{destinations, what_and_where};
use crate::stack::{Recorded, Release, Stack, Tags, owns, retention};
use crate::workflow::plan_stack::plan_as_it_is;

/// What exists.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StatusReport {
    /// The stack.
    pub stack: String,
    /// The account id.
    pub account: String,
    /// The region.
    pub region: String,
    /// Whether everything that delivery needs exists, `setup` has nothing to put right, and nothing that was delivered
    /// last failed or came too late, as far as the forwarder's own log says.
    pub ready: bool,
    /// The parts, in the order in which a log line passes them.
    pub parts: Vec<Part>,
    /// What else `setup` would do, or cannot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// The log groups that lead into the chain by a filter of their own.
    pub subscriptions: Vec<Subscription>,
    /// The account policy that leads every other log group into the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_policy: Option<AccountPolicy>,
    /// What the newest lines of each forwarder's own log say.
    pub health: Vec<FunctionHealth>,
    /// Where the forwarder delivers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<Destination>,
    /// What `plan` shows of what is not as it should be.
    #[serde(skip)]
    pub advice: Option<&'static str>,
    /// The command that shows it.
    #[serde(skip)]
    pub plan: CommandLine,
    /// The command that sets up what is not there.
    #[serde(skip)]
    pub setup: CommandLine,
}

/// Where lines go.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Its type, and its region or address.
    pub service: String,
}

/// The state of what does not exist.
pub(super) const MISSING: &str = "missing";

/// One resource of the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Part {
    /// What it is.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How it is; `missing` where it does not exist.
    pub state: String,
    /// Whether it is as delivery needs it.
    pub ready: bool,
    /// What is not as it should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
    /// Whether it carries our tags; none where it does not exist or takes no tags.
    pub ours: Option<bool>,
    /// Of a function: the version and the source that its code was deployed from, where its tags record them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

/// A log group that leads into the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Subscription {
    /// The log group.
    pub log_group: String,
    /// Its filter.
    pub filter: String,
    /// Which events.
    pub pattern: String,
    /// Whether the filter is ours.
    pub ours: bool,
    /// Whether the log group's lines come back to it for ever.
    pub loops: bool,
}

/// An account policy that leads into the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AccountPolicy {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// The log groups that it leaves out.
    pub leaves_out: BTreeSet<String>,
    /// The log groups that it has to leave out, because they would feed themselves, and covers.
    pub loops: BTreeSet<String>,
    /// Whether it is ours.
    pub ours: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &Status) -> Result<StatusReport> {
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let (scope, observed) = observe(&session, &name, &[], Depth::Everything).await?;
    let (stack, plan) = plan_as_it_is(&session, &name, scope, &observed)?;
    let health = log_lines::read(&session, &stack, &observed).await?;
    let report = report(&session, &stack, &observed, &plan, health);
    let command = |verb| context.command_line.of_stack(verb);
    Ok(StatusReport { plan: command("plan"), setup: command("setup"), ..report })
}

/// The plan decides what is ready: there is one opinion of that.
fn report(
    session: &Session,
    stack: &Stack,
    observed: &Observed,
    plan: &Plan,
    health: Vec<FunctionHealth>,
) -> StatusReport {
    let names = &stack.names;
    let stream_arn = names.stream_arn(&stack.target);
    let ours = |tags: &Tags| Some(owns(&stack.name, &stack.target.region, tags));
    let trigger = observed.triggers.iter().find(|trigger| trigger.source_arn == stream_arn);
    let part = |kind: Kind, name: &str, found: Option<(String, Option<bool>)>| {
        let resource = ResourceId::new(kind, name);
        // What is missing has nothing that could be wrong with it.
        let mut wrong = if found.is_some() { differences(plan, &resource) } else { Vec::new() };
        if kind == Kind::Trigger {
            wrong.extend(problem(session, trigger, &names.function));
        }
        let ready = found.is_some() && wrong.is_empty() && !concerns(plan, &resource);
        let (state, ours) = found.unwrap_or_else(|| (MISSING.to_owned(), None));
        Part { kind: kind.name(), name: resource.name, state, ready, wrong, ours, release: None }
    };
    let role = |role: &Option<crate::plan::ObservedRole>| {
        role.as_ref().map(|role| {
            let state = if role.policies.is_empty() { "without its policy" } else { "with its policy" };
            (state.to_owned(), ours(&role.tags))
        })
    };
    let mut parts = vec![
        part(Kind::Role, &names.logs_role, role(&observed.logs_role)),
        part(
            Kind::Stream,
            &names.stream,
            observed.stream.as_ref().map(|s| {
                let state = format!("{:?}, {}, {} h", s.status, s.mode, s.retention_hours).to_lowercase();
                (state, ours(&s.tags))
            }),
        ),
        part(
            Kind::Trigger,
            &names.trigger(),
            trigger.map(|t| {
                let result = t.last_result.as_ref().map(|r| format!(", {r}")).unwrap_or_default();
                let state = format!("{:?}", t.state).to_lowercase();
                let expired = t.on_failure.as_ref().map(|arn| format!(", what expires goes to {arn}"));
                let expired = expired.unwrap_or_default();
                (format!("{state}, batch {}{expired}{result}", t.batch_size), None)
            }),
        ),
        part(
            Kind::Function,
            &names.function,
            observed.function.as_ref().map(|f| {
                let state = match (&f.failure, f.settled) {
                    (Some(failure), _) => failure.to_string(),
                    (None, true) => {
                        let place = destinations::current(observed).and_then(|config| config.quarantine);
                        let place = place.map(|place| format!(", quarantine {place}")).unwrap_or_default();
                        format!("{}, {} MB, {} s{place}", f.arch, f.memory_mb, f.timeout_seconds)
                    }
                    (None, false) => "being updated".to_owned(),
                };
                (state, ours(&f.tags))
            }),
        ),
        part(Kind::Role, &names.function_role, role(&observed.function_role)),
        part(
            Kind::LogGroup,
            &names.function_log_group,
            observed
                .log_group
                .as_ref()
                .map(|g| (format!("kept {}", retention(g.retention_days)), ours(&g.tags))),
        ),
    ];
    parts.extend(isolated::parts(session, stack, observed, plan));
    for part in parts.iter_mut().filter(|part| part.kind == Kind::Function.name()) {
        let function = observed.function_named(names, &part.name);
        part.release = function.and_then(|function| Recorded::read(&function.tags).release());
    }
    for FunctionHealth { function, problems, .. } in &health {
        let part = parts.iter_mut().find(|part| part.kind == Kind::Function.name() && part.name == *function);
        if let Some(part) = part.filter(|_| !problems.is_empty()) {
            part.ready = false;
            part.wrong.extend(problems.iter().cloned());
        }
    }
    let subscriptions: Vec<Subscription> = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)))
        .filter(|(_, filter)| filter.destination_arn == stream_arn)
        .map(|(log_group, filter)| Subscription {
            log_group: log_group.clone(),
            filter: filter.name.clone(),
            pattern: filter.pattern.clone(),
            ours: is_own_filter(stack, filter, None),
            loops: is_loop(stack, observed, log_group, filter),
        })
        .collect();
    let account_policy =
        observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn).map(
            |policy| AccountPolicy {
                name: policy.name.clone(),
                pattern: policy.pattern.clone(),
                leaves_out: policy.excluded.clone(),
                loops: would_loop(stack, observed).difference(&policy.excluded).cloned().collect(),
                ours: is_own_policy(stack, policy, None),
            },
        );
    let is_part = |resource: &ResourceId| {
        parts.iter().any(|part| part.kind == resource.kind.name() && part.name == resource.name)
    };
    let steps = plan.steps.iter().filter(|step| !is_part(&step.resource));
    let refused = plan.refused.iter().filter(|refusal| !is_part(&refusal.resource));
    let open: Vec<String> = steps
        .map(|step| format!("{} {}", step.verb, step.resource))
        .chain(refused.map(|refusal| format!("{}: {}", refusal.resource, refusal.reason)))
        .collect();
    let loops = account_policy.as_ref().is_some_and(|policy| !policy.loops.is_empty())
        || subscriptions.iter().any(|subscription| subscription.loops);
    StatusReport {
        stack: stack.name.to_string(),
        account: stack.target.account.clone(),
        region: stack.target.region.to_string(),
        ready: parts.iter().all(|part| part.ready) && open.is_empty() && !loops,
        parts,
        open,
        subscriptions,
        account_policy,
        health,
        destinations: destinations_of(observed),
        advice: advice(plan, loops),
        plan: CommandLine::default(),
        setup: CommandLine::default(),
    }
}

/// The destinations of all functions; none where they cannot be read.
fn destinations_of(observed: &Observed) -> Vec<Destination> {
    let config = destinations::current(observed);
    let all = config.iter().flat_map(|config| &config.destinations);
    all.map(|(name, settings)| Destination { name: name.clone(), service: what_and_where(settings) })
        .collect()
}

fn advice(plan: &Plan, loops: bool) -> Option<&'static str> {
    if plan.refused.iter().any(|refusal| refusal.code == Code::Unreadable) {
        return Some("how to restore the configuration");
    }
    if !plan.refused.is_empty() {
        return Some("what keeps `setup` from putting it right");
    }
    (loops || !plan.steps.is_empty()).then_some("what `setup` would change")
}

/// Whether there is anything to do about a resource, or nothing that can be done.
pub(super) fn concerns(plan: &Plan, resource: &ResourceId) -> bool {
    plan.steps.iter().any(|step| step.resource == *resource)
        || plan.refused.iter().any(|refusal| refusal.resource == *resource)
}

/// What `setup` would put right about a resource, or cannot.
pub(super) fn differences(plan: &Plan, resource: &ResourceId) -> Vec<String> {
    let steps = plan.steps.iter().filter(|step| step.resource == *resource);
    let refused = plan.refused.iter().filter(|refusal| refusal.resource == *resource);
    steps
        .flat_map(|step| &step.fields)
        .map(short)
        .chain(refused.map(|refusal| refusal.reason.clone()))
        .collect()
}

/// A field in a line; of a policy or an environment only that it differs, since `cwl2le plan` shows how.
fn short(field: &Field) -> String {
    let text = field.to_string();
    if text.len() <= LONGEST_FIELD { text } else { format!("{} differs", field.name) }
}

/// The longest field that is shown with its values, in bytes.
const LONGEST_FIELD: usize = 100;

/// The last result of a trigger whose function fails, as AWS has it. The reasons of one that answers are in its log.
pub(super) fn problem(
    session: &Session,
    trigger: Option<&ObservedTrigger>,
    function: &str,
) -> Option<String> {
    trigger?.last_result.as_ref().filter(|result| result.starts_with("PROBLEM"))?;
    Some(format!("the last invocation failed: `{}` shows its log", session.tail(function, "1h")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted() {
        let said = [None, Some(1), Some(14)].map(retention);
        assert_eq!(said, ["for ever", "1 day", "14 days"]);
    }
}
