//! What must change on the event source mappings.

use serde_json::{Value, json};

use super::Trigger;
use super::action::Action;
use super::desired::{TriggerSpec, UNLIMITED, max_record_age};
use crate::error::Code;
use crate::resources::alias::freeze::freeze;
use crate::resources::alias::observed::LIVE;
use crate::resources::kind::{Losses, Part, Planned, Setup};
use crate::resources::{
    Draft, Kind, Observed, ObservedTrigger, Plan, Refusal, ResourceId, Stack, Stage, Step, TriggerState, Verb,
};
use crate::stack::Setting;

/// A trigger goes together with its function: see [`function`](crate::resources::function).
impl Planned for Trigger {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        for forwarder in &setup.forwarders.wanted {
            let trigger = trigger(&forwarder.stack, &forwarder.observed, plan);
            plan.refused.extend(trigger.err());
        }
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        match action {
            Action::Delete { .. } => position(found, step),
            Action::Update { uuid, spec, .. } if spec.on_failure.value.is_none() => {
                let before =
                    observed_trigger(found.observed, uuid).and_then(|trigger| trigger.on_failure.clone());
                if let Some(arn) = before {
                    found.add(&step.resource, format!("expired records are no longer kept in {arn}"));
                }
            }
            _ => {}
        }
    }
}

/// A trigger that goes where its stream stays: a new one begins elsewhere in it.
fn position(found: &mut Losses<'_>, step: &Step) {
    let has_stream = |step: &Step| step.resource.kind == Kind::STREAM && step.verb == Verb::Delete;
    if step.stage == Stage::RemoveTrigger && !found.plan.steps.iter().any(has_stream) {
        found.add(&step.resource, "its checkpoint in the stream");
    }
}

fn observed_trigger<'o>(observed: &'o Observed, uuid: &str) -> Option<&'o ObservedTrigger> {
    let own = observed.isolated.values().flat_map(|own| &own.triggers);
    observed.triggers.iter().chain(own).find(|trigger| trigger.uuid == uuid)
}

fn trigger(stack: &Stack, observed: &Observed, plan: &mut Plan) -> Part {
    let (want, function) = (&stack.trigger, &stack.names.function);
    let stream_arn = stack.names.stream_arn(&stack.target);
    let id = ResourceId::trigger(&stack.names);
    let of_stream = || observed.triggers.iter().filter(|t| t.source_arn == stream_arn);
    let mut living: Vec<&ObservedTrigger> =
        of_stream().filter(|t| t.state != TriggerState::Deleting).collect();
    // The one that calls our alias, else one that calls the function itself, else one that calls something else of it.
    living.sort_by_key(|t| match t.qualifier.as_deref() {
        Some(LIVE) => 0,
        None => 1,
        Some(_) => 2,
    });
    if let [kept, second, ..] = living[..] {
        let by = |t: &ObservedTrigger| t.qualifier.as_ref().map_or(String::new(), |by| format!(" by `{by}`"));
        let qualifier = second.qualifier.as_deref().unwrap_or(&second.uuid);
        return Err(Refusal {
            resource: ResourceId { name: format!("{function}:{qualifier}"), ..id },
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
        let mut draft = Draft::of(Stage::Trigger, id, Verb::Create);
        if let Some(going) = existing {
            draft.act(Action::AwaitGone { uuid: going.uuid.clone() });
        }
        draft.set("starting_position", want.start.position());
        if let Some(time) = want.start.time() {
            draft.set("starting_time", time);
        }
        draft.set("batch_size", want.batch_size.value);
        draft.set("batching_window_seconds", want.window_seconds.value);
        let mut spec = want.clone();
        spec.max_age_seconds = record_age(stack, observed, &spec);
        if let Some(arn) = &spec.on_failure.value {
            draft.set("on_failure", arn.as_str());
            draft.set("maximum_record_age_seconds", spec.max_age_seconds);
        }
        draft.act(Action::Create { function: function.clone(), stream_arn, spec, tags: stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };

    let calls_live = is.qualifier.as_deref() == Some(LIVE);
    let frozen = if calls_live { None } else { freeze(stack, observed) };
    let stage = if frozen.is_some() { Stage::Freeze } else { Stage::Trigger };
    let mut draft = Draft::of(stage, id, Verb::Update);
    frozen.into_iter().flatten().for_each(|action| draft.act(action));
    // What is not asked for stays as it is; what delivery depends on is put right.
    let mut spec = want.clone();
    let mut differs = false;
    // A trigger that is to call something else keeps its checkpoint. A new one would send again what the stream still
    // holds.
    let moved = (!calls_live).then(|| {
        draft.change("calls", is.qualifier.as_deref().unwrap_or("$LATEST"), LIVE);
        differs = true;
        function.clone()
    });
    differs |= settle(&mut draft, "batch_size", &mut spec.batch_size, is.batch_size);
    differs |= settle(&mut draft, "batching_window_seconds", &mut spec.window_seconds, is.window_seconds);
    differs |= settle(&mut draft, "parallelization", &mut spec.parallelization, is.parallelization);
    differs |= settle(&mut draft, "bisect_on_error", &mut spec.bisect, is.bisect);
    differs |= settle(&mut draft, "event_counts", &mut spec.event_counts, is.event_counts);
    if let Some(to) = spec.on_failure.change_from(&is.on_failure) {
        draft.change("on_failure", is.on_failure.as_deref(), to.as_deref());
        differs = true;
    } else {
        spec.on_failure.value.clone_from(&is.on_failure);
    }
    spec.max_age_seconds = record_age(stack, observed, &spec);
    if spec.max_age_seconds != is.max_age_seconds {
        let limit = |age: i32| Some(age).filter(|age| *age != UNLIMITED);
        draft.change("maximum_record_age_seconds", limit(is.max_age_seconds), limit(spec.max_age_seconds));
        differs = true;
    }
    for (field, old, new, wrong) in [
        ("state", json!("disabled"), json!("enabled"), is.state == TriggerState::Disabled),
        ("response_types", json!([]), json!(["ReportBatchItemFailures"]), !is.reports_item_failures),
        ("maximum_retries", json!(is.max_retries), Value::Null, is.max_retries != -1),
        ("filter_criteria", json!(true), json!(false), is.is_filtered),
        (
            "tumbling_window_seconds",
            json!(is.tumbling_window_seconds),
            Value::Null,
            is.tumbling_window_seconds > 0,
        ),
    ] {
        if wrong {
            draft.change(field, old, new);
            differs = true;
        }
    }
    if differs {
        draft.act(Action::Update { uuid: is.uuid.clone(), function: moved, spec });
    } else if is.state == TriggerState::InTransition {
        draft.verb(Verb::Await);
        draft.act(Action::Await { uuid: is.uuid.clone() });
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
fn settle<T: Copy + PartialEq + Into<Value>>(
    draft: &mut Draft,
    name: &'static str,
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
