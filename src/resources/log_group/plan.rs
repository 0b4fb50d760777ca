//! What must change on the log groups of the forwarders.

use super::LogGroup;
use super::action::Action;
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::{Draft, Kind, Observed, Plan, ResourceId, Stack, Stage, Step, Verb, retention};
use crate::stack::owns;

/// A log group goes together with its function: see [`function`](crate::resources::function).
impl Planned for LogGroup {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        for forwarder in &setup.forwarders.wanted {
            let log_group = log_group(&forwarder.stack, &forwarder.observed, setup.adopt, plan);
            plan.refused.extend(log_group.err());
        }
    }

    /// `cwl2le test --keep`, and a run of it that was killed, leave the log group of the canary.
    fn teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        let Some(tags) = &observed.canary else { return };
        let name = stack.name.canary_log_group();
        let ours = owns(&stack.name, &stack.target.region, tags);
        let action = Action::Delete { name: name.clone() };
        delete(Stage::RemoveFoundations, Kind::LOG_GROUP, &name, ours, action, plan);
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        match action {
            Action::Delete { .. } => found.add(&step.resource, "its log lines"),
            Action::SetRetention { days, .. } => log_lines(found, &step.resource, *days),
            _ => {}
        }
    }
}

fn log_group(stack: &Stack, observed: &Observed, adopt: bool, plan: &mut Plan) -> Part {
    let (name, want) = (&stack.names.function_log_group, &stack.log_group.retention_days);
    let Some(is) = &observed.log_group else {
        let mut draft = Draft::new(Stage::Foundations, Kind::LOG_GROUP, name, Verb::Create);
        draft.set("retention_days", want.value);
        draft.act(Action::Create {
            name: name.clone(),
            retention_days: want.value,
            tags: stack.tags.clone(),
        });
        draft.finish(plan);
        return Ok(());
    };
    let mut draft = Draft::new(Stage::Foundations, Kind::LOG_GROUP, name, Verb::Update);
    if let Some(tags) = own(&mut draft, stack, &is.tags, adopt)? {
        draft.act(Action::Tag { arn: is.arn.clone(), tags });
    }
    // A log group without a retention was left by an interrupted run: by default nobody keeps its events forever.
    let days = match is.retention_days {
        Some(days) => want.change_from(&days).copied(),
        None => Some(want.value),
    };
    if let Some(days) = days {
        draft.change("retention_days", is.retention_days, days);
        draft.act(Action::SetRetention { name: name.clone(), days });
    }
    draft.finish(plan);
    Ok(())
}

fn log_lines(found: &mut Losses<'_>, id: &ResourceId, days: u32) {
    let own = found.observed.isolated.values().filter_map(|own| own.log_group.as_ref());
    let mut groups = found.observed.log_group.iter().chain(own);
    let Some(before) = groups.find(|group| group.name == id.name) else { return };
    // A group that an interrupted run left without a retention holds nothing old.
    if before.retention_days.is_none_or(|before| before > days) {
        found.add(id, format!("its log lines that are older than {}", retention(Some(days))));
    }
}
