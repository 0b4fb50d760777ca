//! What `setup` must change: everything of a stack but its subscriptions.

use serde_json::Value;

use crate::error::Code;
use crate::plan::draft::Draft;
use crate::resources::account_policy::plan::leave_out_own_logs;
use crate::resources::account_policy::plan::neighbour;
use crate::resources::filter::loops::own_log;
use crate::resources::function::configuration::must_be_readable;
use crate::resources::function::forwarders::{Forwarder, forwarders};
use crate::resources::function::plan::function;
use crate::resources::function::retire::retire;
use crate::resources::function::start::start_functions;
use crate::resources::{
    Action, Kind, Observed, ObservedRole, ObservedTrigger, Plan, Refusal, ResourceId, RoleSpec,
    SHARD_CHANGES_A_DAY, Stack, Stage, StreamMode, StreamStatus, TriggerSpec, TriggerState, UNLIMITED, Verb,
    max_record_age, retention, same_meaning, shard_changes,
};
use crate::stack::Setting;

/// The changes that bring the observed resources to the stack. With `adopt`, what exists without our tags is taken
/// over; without, it is refused.
pub fn setup(stack: &Stack, observed: &Observed, adopt: bool) -> Plan {
    let all = forwarders(stack, observed);
    let mut plan = Plan { planned_at: all.planned_at, ..Plan::default() };
    let logs: Vec<&Forwarder> = all.wanted.iter().collect();
    leave_out_own_logs(stack, observed, &logs, &mut plan);
    plan.refused.extend(must_be_readable(stack, observed).err());
    let mut parts: Vec<Part> = logs.iter().map(|f| neighbour(&f.stack, observed, &mut plan)).collect();
    parts.extend(logs.iter().map(|f| own_log(&f.stack, &f.observed, &mut plan)));
    parts.extend([
        stream(stack, observed, adopt, &mut plan),
        role(stack, &stack.logs_role, observed.logs_role.as_ref(), adopt, &mut plan),
        role(stack, &all.role(stack), observed.function_role.as_ref(), adopt, &mut plan),
    ]);
    parts.extend(logs.iter().map(|f| log_group(&f.stack, &f.observed, adopt, &mut plan)));
    for (at, forwarder) in logs.into_iter().enumerate() {
        parts.push(function(&forwarder.stack, &forwarder.observed, adopt, &mut plan));
        let stage = if at == 0 { Stage::LetGo } else { Stage::LetGoOfOwn };
        let_go(forwarder, stage, &mut plan);
    }
    parts.extend(all.wanted.iter().map(|f| trigger(&f.stack, &f.observed, &mut plan)));
    plan.refused.extend(parts.into_iter().filter_map(Result::err));
    start_functions(stack, &all.wanted, &mut plan);
    all.retired.iter().for_each(|forwarder| retire(&forwarder.stack, &forwarder.observed, &mut plan));
    plan.notes.extend(all.notes);
    plan.ordered()
}

/// Has a function that lets go of a destination wait for the one that takes over.
fn let_go(forwarder: &Forwarder, stage: Stage, plan: &mut Plan) {
    let id = ResourceId::new(Kind::Function, &forwarder.stack.names.function);
    let step = plan.steps.iter_mut().find(|step| step.resource == id);
    let Some(step) = step.filter(|_| forwarder.lets_go) else { return };
    step.stage = stage;
    if let Some(at) = forwarder.before {
        step.actions.insert(0, Action::BeforeHandover { at });
    }
}

pub(crate) type Part = Result<(), Refusal>;

fn stream(stack: &Stack, observed: &Observed, adopt: bool, plan: &mut Plan) -> Part {
    let (want, name) = (&stack.stream, &stack.names.stream);
    let gone = |s: &&crate::resources::ObservedStream| s.status != StreamStatus::Deleting;
    let Some(is) = observed.stream.as_ref().filter(gone) else {
        let mut draft = Draft::new(Stage::Foundations, Kind::Stream, name, Verb::Create);
        if observed.stream.is_some() {
            draft.act(Action::AwaitStreamGone { name: name.clone() });
        }
        draft.set("mode", want.mode.value);
        draft.set("retention", format_args!("{} h", want.retention_hours.value));
        draft.act(Action::CreateStream {
            name: name.clone(),
            mode: want.mode.value,
            tags: stack.tags.clone(),
        });
        if want.retention_hours.value != DEFAULT_RETENTION_HOURS {
            draft.act(Action::SetStreamRetention {
                name: name.clone(),
                from_hours: DEFAULT_RETENTION_HOURS,
                to_hours: want.retention_hours.value,
            });
        }
        if let Some(key) = &want.kms_key.value {
            draft.set("kms key", key);
            draft.act(Action::SetStreamKey { name: name.clone(), from: None, to: Some(key.clone()) });
        }
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Foundations, Kind::Stream, name, Verb::Update);
    let tags = draft.own(stack, &is.tags, adopt)?;
    if is.status == StreamStatus::Creating {
        draft.verb(Verb::Await);
        draft.act(Action::AwaitStream { name: name.clone() });
    }
    if let Some(tags) = tags {
        draft.act(Action::TagStream { name: name.clone(), tags });
    }
    if let Some(&mode) = want.mode.change_from(&is.mode) {
        draft.change("mode", is.mode, mode);
        shard_changes_fit(&mut draft, is, mode)?;
        match (is.mode, mode) {
            (StreamMode::Provisioned { shards: from }, StreamMode::Provisioned { shards: to }) => {
                draft.act(Action::SetShards { name: name.clone(), from, to });
            }
            _ => draft.act(Action::SetStreamMode { arn: is.arn.clone(), name: name.clone(), mode }),
        }
    }
    if let Some(&to_hours) = want.retention_hours.change_from(&is.retention_hours) {
        draft.change("retention", format_args!("{} h", is.retention_hours), format_args!("{to_hours} h"));
        let from_hours = is.retention_hours;
        draft.act(Action::SetStreamRetention { name: name.clone(), from_hours, to_hours });
    }
    if let Some(to) = want.kms_key.change_from(&is.kms_key) {
        let show = |key: &Option<String>| key.clone().unwrap_or_else(|| "none".to_owned());
        draft.change("kms key", show(&is.kms_key), show(to));
        let (from, to) = (is.kms_key.clone(), to.clone());
        draft.act(Action::SetStreamKey { name: name.clone(), from, to });
    }
    draft.finish(plan);
    Ok(())
}

/// Says how many changes the new number of shards takes, or refuses what does not fit into a day.
fn shard_changes_fit(draft: &mut Draft, is: &crate::resources::ObservedStream, mode: StreamMode) -> Part {
    if matches!(is.mode, StreamMode::OnDemand) != matches!(mode, StreamMode::OnDemand) {
        draft.set("mode changes", "1 of the 2 that Kinesis allows in 24 hours");
    }
    let StreamMode::Provisioned { shards: to } = mode else { return Ok(()) };
    let from = match is.mode {
        StreamMode::Provisioned { shards } => shards,
        StreamMode::OnDemand => is.open_shards,
    };
    let changes = shard_changes(from, to);
    if let Some(reached) = changes.get(SHARD_CHANGES_A_DAY - 1).filter(|reached| **reached != to) {
        return Err(Refusal {
            resource: draft.resource().clone(),
            code: Code::Immutable,
            reason: format!(
                "from {from} to {to} shards takes {} changes, since each at most doubles or halves the number, and Kinesis \
                 allows {SHARD_CHANGES_A_DAY} in 24 hours",
                changes.len()
            ),
            hint: format!("ask for {reached} shards now and for {to} a day later, or use --on-demand"),
        });
    }
    if changes.len() > 1 {
        let steps: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let text = format!(
            "{} of the {SHARD_CHANGES_A_DAY} that Kinesis allows in 24 hours: {}",
            steps.len(),
            steps.join(", ")
        );
        draft.set("shard changes", text);
    }
    Ok(())
}

/// What Kinesis gives a new stream.
const DEFAULT_RETENTION_HOURS: u32 = 24;

fn role(stack: &Stack, want: &RoleSpec, is: Option<&ObservedRole>, adopt: bool, plan: &mut Plan) -> Part {
    let Some(is) = is else {
        let mut draft = Draft::new(Stage::Foundations, Kind::Role, &want.name, Verb::Create);
        draft.set("path", &want.path);
        if let Some(boundary) = &want.boundary {
            draft.set("permissions boundary", boundary);
        }
        draft.set("inline policy", &want.policy_name);
        draft.act(Action::CreateRole { role: Box::new(want.clone()), tags: stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Foundations, Kind::Role, &want.name, Verb::Update);
    if let Some(tags) = draft.own(stack, &is.tags, adopt)? {
        draft.act(Action::TagRole { role: want.name.clone(), tags });
    }
    if is.path != want.path {
        return Err(Refusal {
            resource: ResourceId::new(Kind::Role, &want.name),
            code: Code::Immutable,
            reason: format!("its path is {}, and AWS cannot move a role to {}", is.path, want.path),
            hint: "leave the path as it is, or `cwl2le teardown` and set up again".to_owned(),
        });
    }
    // First: the rights to change the rest may depend on it, and no policy takes effect without it.
    if let Some(boundary) = want.boundary.as_ref().filter(|boundary| is.boundary.as_ref() != Some(*boundary))
    {
        let is = is.boundary.clone().unwrap_or_else(|| "none".to_owned());
        draft.change("permissions boundary", is, boundary);
        draft.act(Action::SetBoundary { role: want.name.clone(), boundary: boundary.clone() });
    }
    if !same_meaning(&is.trust, &want.trust) {
        draft.change("trust policy", statements(&is.trust), statements(&want.trust));
        draft.act(Action::SetTrust { role: want.name.clone(), trust: want.trust.clone() });
    }
    let current = is.policies.get(&want.policy_name);
    if !current.is_some_and(|policy| same_meaning(policy, &want.policy)) {
        let name = format!("inline policy {}", want.policy_name);
        match current {
            Some(policy) => draft.change(&name, statements(policy), statements(&want.policy)),
            None => draft.set(&name, statements(&want.policy)),
        }
        draft.act(Action::PutRolePolicy {
            role: want.name.clone(),
            policy_name: want.policy_name.clone(),
            policy: want.policy.clone(),
        });
    }
    draft.finish(plan);
    // Read only where everything is.
    let others: Vec<&str> =
        is.policies.keys().filter(|name| **name != want.policy_name).map(String::as_str).collect();
    if !others.is_empty() {
        plan.notes.push(format!(
            "the role {} has inline policies that are not ours and may deny what ours allows: {}",
            want.name,
            others.join(", ")
        ));
    }
    Ok(())
}

/// A policy's statements in one line, as they are.
fn statements(policy: &Value) -> String {
    policy.get("Statement").unwrap_or(policy).to_string()
}

fn log_group(stack: &Stack, observed: &Observed, adopt: bool, plan: &mut Plan) -> Part {
    let (name, want) = (&stack.names.function_log_group, &stack.log_group.retention_days);
    let Some(is) = &observed.log_group else {
        let mut draft = Draft::new(Stage::Foundations, Kind::LogGroup, name, Verb::Create);
        draft.set("retention", retention(Some(want.value)));
        draft.act(Action::CreateLogGroup {
            name: name.clone(),
            retention_days: want.value,
            tags: stack.tags.clone(),
        });
        draft.finish(plan);
        return Ok(());
    };
    let mut draft = Draft::new(Stage::Foundations, Kind::LogGroup, name, Verb::Update);
    if let Some(tags) = draft.own(stack, &is.tags, adopt)? {
        draft.act(Action::TagLogGroup { arn: is.arn.clone(), tags });
    }
    // A group without a retention is one whose creation was interrupted: nobody wants it for ever by default.
    let days = match is.retention_days {
        Some(days) => want.change_from(&days).copied(),
        None => Some(want.value),
    };
    if let Some(days) = days {
        draft.change("retention", retention(is.retention_days), retention(Some(days)));
        draft.act(Action::SetLogRetention { name: name.clone(), days });
    }
    draft.finish(plan);
    Ok(())
}

fn trigger(stack: &Stack, observed: &Observed, plan: &mut Plan) -> Part {
    let (want, function) = (&stack.trigger, &stack.names.function);
    let stream_arn = stack.names.stream_arn(&stack.target);
    let name = stack.names.trigger();
    let of_stream = || observed.triggers.iter().filter(|t| t.source_arn == stream_arn);
    let mut living: Vec<&ObservedTrigger> =
        of_stream().filter(|t| t.state != TriggerState::Deleting).collect();
    // The one that calls the function itself, else one that calls it by an alias or a version.
    living.sort_by_key(|t| t.qualifier.is_some());
    if let [kept, second, ..] = living[..] {
        let by = |t: &ObservedTrigger| t.qualifier.as_ref().map_or(String::new(), |by| format!(" by `{by}`"));
        let qualifier = second.qualifier.as_deref().unwrap_or(&second.uuid);
        return Err(Refusal {
            resource: ResourceId::new(Kind::Trigger, format!("{name}:{qualifier}")),
            code: Code::NotOurs,
            reason: format!(
                "it calls the forwarder{}, and another trigger calls it{}: every line is sent twice",
                by(second),
                by(kept),
            ),
            hint: format!(
                "delete it: `aws lambda delete-event-source-mapping --uuid {}`, then run the same command again; the other one \
                 reads every record from its own checkpoint, so no line is lost",
                second.uuid
            ),
        });
    }
    let existing = living.first().copied().or_else(|| of_stream().next());
    let Some(is) = existing.filter(|t| t.state != TriggerState::Deleting) else {
        let mut draft = Draft::new(Stage::Trigger, Kind::Trigger, &name, Verb::Create);
        if let Some(going) = existing {
            draft.act(Action::AwaitTriggerGone { uuid: going.uuid.clone() });
        }
        draft.set("starting position", want.start);
        draft.set("batch size", want.batch_size.value);
        draft.set("batching window", format_args!("{} s", want.window_seconds.value));
        let mut spec = want.clone();
        spec.max_age_seconds = record_age(stack, observed, &spec);
        if let Some(arn) = &spec.on_failure.value {
            draft.set("on failure", arn);
            draft.set("maximum record age", format_args!("{} s", spec.max_age_seconds));
        }
        draft.act(Action::CreateTrigger {
            function: function.clone(),
            stream_arn,
            spec,
            tags: stack.tags.clone(),
        });
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Trigger, Kind::Trigger, &name, Verb::Update);
    // What is not asked for stays as it is; what delivery depends on is put right.
    let mut spec = want.clone();
    let mut differs = false;
    // A trigger that calls another function keeps its checkpoint. A new one would send again what the stream still holds.
    let moved = is.qualifier.as_ref().map(|qualifier| {
        draft.change("function", format_args!("{function}:{qualifier}"), function);
        differs = true;
        function.clone()
    });
    differs |= settle(&mut draft, "batch size", &mut spec.batch_size, is.batch_size);
    differs |= settle(&mut draft, "batching window in seconds", &mut spec.window_seconds, is.window_seconds);
    differs |= settle(&mut draft, "parallelization", &mut spec.parallelization, is.parallelization);
    differs |= settle(&mut draft, "bisect on error", &mut spec.bisect, is.bisect);
    if let Some(to) = spec.on_failure.change_from(&is.on_failure) {
        let show = |v: &Option<String>| v.clone().unwrap_or_else(|| "none".to_owned());
        draft.change("on failure", show(&is.on_failure), show(to));
        differs = true;
    } else {
        spec.on_failure.value.clone_from(&is.on_failure);
    }
    spec.max_age_seconds = record_age(stack, observed, &spec);
    if spec.max_age_seconds != is.max_age_seconds {
        let show = |age| if age == UNLIMITED { "until expiry".to_owned() } else { format!("{age} s") };
        draft.change("maximum record age", show(is.max_age_seconds), show(spec.max_age_seconds));
        differs = true;
    }
    for (field, old, new, wrong) in [
        ("state", "disabled", "enabled", is.state == TriggerState::Disabled),
        ("function response types", "none", "ReportBatchItemFailures", !is.reports_item_failures),
        ("maximum retries", "limited", "until expiry", is.max_retries != -1),
        ("filter criteria", "some", "none", is.is_filtered),
        ("tumbling window", "some", "none", is.tumbling_window_seconds > 0),
    ] {
        if wrong {
            draft.change(field, old, new);
            differs = true;
        }
    }
    if differs {
        draft.act(Action::UpdateTrigger { uuid: is.uuid.clone(), function: moved, spec });
    } else if is.state == TriggerState::InTransition {
        draft.verb(Verb::Await);
        draft.act(Action::AwaitTrigger { uuid: is.uuid.clone() });
    }
    draft.finish(plan);
    Ok(())
}

/// The age of a record at which the trigger gives up, for what the trigger and the stream will have.
fn record_age(stack: &Stack, observed: &Observed, spec: &TriggerSpec) -> i32 {
    let hours = &stack.stream.retention_hours;
    let kept = observed.stream.as_ref().map(|stream| stream.retention_hours).filter(|_| !hours.explicit);
    max_record_age(spec.on_failure.value.is_some(), kept.unwrap_or(hours.value))
}

/// Keeps what is there unless something else was asked for; says whether it differs.
fn settle<T: Copy + PartialEq + ToString>(
    draft: &mut Draft,
    name: &str,
    want: &mut Setting<T>,
    is: T,
) -> bool {
    if let Some(&to) = want.change_from(&is) {
        draft.change(name, is, to);
        return true;
    }
    want.value = is;
    false
}
