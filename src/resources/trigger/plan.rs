//! What must change on the event source mappings.

use super::Trigger;
use super::action::Action;
use super::desired::{TriggerSpec, UNLIMITED, max_record_age};
use crate::error::Code;
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
            resource: ResourceId::new(Kind::TRIGGER, format!("{name}:{qualifier}")),
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
        let mut draft = Draft::new(Stage::Trigger, Kind::TRIGGER, &name, Verb::Create);
        if let Some(going) = existing {
            draft.act(Action::AwaitGone { uuid: going.uuid.clone() });
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
        draft.act(Action::Create { function: function.clone(), stream_arn, spec, tags: stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Trigger, Kind::TRIGGER, &name, Verb::Update);
    // What is not asked for stays as it is; what delivery depends on is put right.
    let mut spec = want.clone();
    let mut differs = false;
    // A trigger that calls another function keeps its checkpoint. A new one would send again what the stream still
    // holds.
    let moved = is.qualifier.as_ref().map(|qualifier| {
        draft.change("function", format_args!("{function}:{qualifier}"), function);
        differs = true;
        function.clone()
    });
    differs |= settle(&mut draft, "batch size", &mut spec.batch_size, is.batch_size);
    differs |= settle(&mut draft, "batching window in seconds", &mut spec.window_seconds, is.window_seconds);
    differs |= settle(&mut draft, "parallelization", &mut spec.parallelization, is.parallelization);
    differs |= settle(&mut draft, "bisect on error", &mut spec.bisect, is.bisect);
    differs |= settle(&mut draft, "event counts", &mut spec.event_counts, is.event_counts);
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
