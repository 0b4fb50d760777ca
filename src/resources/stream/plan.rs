//! What must change on the stream.

use super::Stream;
use super::action::Action;
use super::desired::{SHARD_CHANGES_A_DAY, StreamMode, shard_changes};
use crate::error::Code;
use crate::output::quantity::plural;
use crate::resources::function::forwarders::isolated_functions;
use crate::resources::function::undelivered::undelivered;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::{
    Draft, Field, Kind, Observed, ObservedFunction, ObservedStream, Plan, Refusal, ResourceId, Stack, Stage,
    Step, StreamStatus, Verb,
};
use crate::stack::owns;

impl Planned for Stream {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let stream = stream(setup, plan);
        plan.refused.extend(stream.err());
    }

    fn teardown(teardown: &Teardown<'_>, plan: &mut Plan) {
        remove(teardown, plan);
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        let id = &step.resource;
        match action {
            Action::Delete { .. } => records(found, id),
            Action::SetRetention { from_hours, to_hours, .. } if to_hours < from_hours => {
                let what = format!(
                    "records in it that are older than {to_hours} h, including those not delivered yet"
                );
                found.add(id, what);
            }
            _ => {}
        }
    }
}

fn stream(&Setup { stack, observed, adopt, .. }: &Setup<'_>, plan: &mut Plan) -> Part {
    let (want, name) = (&stack.stream, &stack.names.stream);
    let gone = |s: &&ObservedStream| s.status != StreamStatus::Deleting;
    let Some(is) = observed.stream.as_ref().filter(gone) else {
        let mut draft = Draft::new(Stage::Foundations, Kind::STREAM, name, Verb::Create);
        if observed.stream.is_some() {
            draft.act(Action::AwaitGone { name: name.clone() });
        }
        draft.set("mode", want.mode.value.name());
        if let Some(shards) = want.mode.value.shards() {
            draft.fields([because(Field::set("shards", shards), want.why.as_ref())]);
        }
        draft.set("retention_hours", want.retention_hours.value);
        draft.act(Action::Create { name: name.clone(), mode: want.mode.value, tags: stack.tags.clone() });
        if want.retention_hours.value != DEFAULT_RETENTION_HOURS {
            draft.act(Action::SetRetention {
                name: name.clone(),
                from_hours: DEFAULT_RETENTION_HOURS,
                to_hours: want.retention_hours.value,
            });
        }
        if let Some(key) = &want.kms_key.value {
            draft.set("kms_key", key.as_str());
            draft.act(Action::SetKey { name: name.clone(), from: None, to: Some(key.clone()) });
        }
        draft.finish(plan);
        return Ok(());
    };

    let mut draft = Draft::new(Stage::Foundations, Kind::STREAM, name, Verb::Update);
    let tags = own(&mut draft, stack, &is.tags, adopt)?;
    if is.status == StreamStatus::Creating {
        draft.verb(Verb::Await);
        draft.act(Action::Await { name: name.clone() });
    }
    if let Some(tags) = tags {
        draft.act(Action::Tag { name: name.clone(), tags });
    }
    if let Some(&mode) = want.mode.change_from(&is.mode) {
        if is.mode.name() != mode.name() {
            draft.change("mode", is.mode.name(), mode.name());
        }
        if is.mode.shards() != mode.shards() {
            let shards = Field::change("shards", is.mode.shards(), mode.shards());
            draft.fields([because(shards, want.why.as_ref())]);
        }
        shard_changes_fit(&mut draft, is, mode)?;
        match (is.mode, mode) {
            (StreamMode::Provisioned { shards: from }, StreamMode::Provisioned { shards: to }) => {
                draft.act(Action::SetShards { name: name.clone(), from, to });
            }
            _ => draft.act(Action::SetMode { arn: is.arn.clone(), name: name.clone(), mode }),
        }
    }
    if let Some(&to_hours) = want.retention_hours.change_from(&is.retention_hours) {
        draft.change("retention_hours", is.retention_hours, to_hours);
        let from_hours = is.retention_hours;
        draft.act(Action::SetRetention { name: name.clone(), from_hours, to_hours });
    }
    if let Some(to) = want.kms_key.change_from(&is.kms_key) {
        draft.change("kms_key", is.kms_key.as_deref(), to.as_deref());
        let (from, to) = (is.kms_key.clone(), to.clone());
        draft.act(Action::SetKey { name: name.clone(), from, to });
    }
    draft.finish(plan);
    Ok(())
}

fn because(field: Field, why: Option<&String>) -> Field {
    match why {
        Some(why) => field.because(why.as_str()),
        None => field,
    }
}

/// Says how many changes the new number of shards takes, or refuses what does not fit into a day.
fn shard_changes_fit(draft: &mut Draft, is: &ObservedStream, mode: StreamMode) -> Part {
    if matches!(is.mode, StreamMode::OnDemand) != matches!(mode, StreamMode::OnDemand) {
        draft.fields([Field::set("mode_changes", 1).because("Kinesis allows 2 in 24 hours")]);
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
            hint: format!("use {reached} shards now and {to} a day later, or use --on-demand"),
        });
    }
    if changes.len() > 1 {
        let text = format!("{} of the {SHARD_CHANGES_A_DAY} that Kinesis allows in 24 hours", changes.len());
        draft.fields([Field::set("shard_changes", changes).because(text)]);
    }
    Ok(())
}

/// What Kinesis gives a new stream.
const DEFAULT_RETENTION_HOURS: u32 = 24;

fn remove(&Teardown { stack, observed, options }: &Teardown<'_>, plan: &mut Plan) {
    let Some(is) = &observed.stream else { return };
    let name = &stack.names.stream;
    let id = ResourceId::new(Kind::STREAM, name);
    if is.status == StreamStatus::Deleting {
        let mut step = Draft::new(Stage::RemoveStream, Kind::STREAM, name, Verb::Await);
        step.act(Action::AwaitGone { name: name.clone() });
        step.finish(plan);
        return;
    }
    let ours = owns(&stack.name, &stack.target.region, &is.tags);
    let user = user_of_stream(stack, observed, plan).filter(|_| ours && !options.force);
    if let Some(user) = user {
        plan.keep(id, format!("{user}; --force deletes it anyway"));
        return;
    }
    let action = Action::Delete { name: name.clone(), force_consumers: options.force };
    delete(Stage::RemoveStream, Kind::STREAM, name, ours, action, plan);
}

/// Who else writes to the stream or reads from it.
fn user_of_stream(stack: &Stack, observed: &Observed, plan: &Plan) -> Option<String> {
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
    let stream_arn = stack.names.stream_arn(&stack.target);
    let same_name =
        observed.destination.as_ref().filter(|is| is.stream_arn == stream_arn && !is.is_ours(stack));
    let same_name = same_name.map(|_| &stack.names.destination);
    let destinations: Vec<&str> =
        observed.other_destinations.iter().chain(same_name).map(String::as_str).collect();
    // Filters and the account policy are decided on before the stream.
    let foreign = plan.kept.iter().filter(|kept| kept.resource.kind.is_subscription()).count();
    if !consumers.is_empty() {
        Some(format!("it has registered consumers that this stack does not manage: {}", consumers.join(", ")))
    } else if !readers.is_empty() {
        Some(format!("other functions read it: {}", readers.join(", ")))
    } else if !destinations.is_empty() {
        Some(format!(
            "logs destinations that this stack does not manage lead to it: {}",
            destinations.join(", ")
        ))
    } else if foreign > 0 {
        let foreign = plural(foreign as u64, "subscription filter");
        Some(format!("{foreign} with other names still send to it; --filter-name removes them"))
    } else {
        None
    }
}

fn records(found: &mut Losses<'_>, id: &ResourceId) {
    let hours = found.observed.stream.as_ref().map_or(0, |stream| stream.retention_hours);
    let mut what = format!("the records in it, up to {hours} h old, including those not delivered yet");
    if let Some(trouble) = undelivered(found.stack, found.observed) {
        what.push_str(&format!("; there are probably some: {trouble}"));
    }
    found.add(id, what);
}
