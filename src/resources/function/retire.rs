//! Functions of isolated destinations that have nothing left to do.

use crate::plan::draft::Draft;
use crate::resources::filter::plan::is_own_filter;
use crate::resources::{Action, Kind, Observed, Plan, ResourceId, Stack, Stage, TriggerState, Verb};

/// Removes such a function with its trigger and its log group; `stack` and `observed` are as it sees them.
pub(crate) fn retire(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let names = &stack.names;
    let mut delete = |stage, kind, name: &str, action| {
        let mut step = Draft::new(stage, kind, name, Verb::Delete);
        step.act(action);
        step.finish(plan);
    };
    for is in &observed.triggers {
        let (name, uuid) = (names.trigger(), is.uuid.clone());
        let is_going = is.state == TriggerState::Deleting;
        let action =
            if is_going { Action::AwaitTriggerGone { uuid } } else { Action::DeleteTrigger { uuid } };
        delete(Stage::RetireTrigger, Kind::Trigger, &name, action);
    }
    if observed.function.is_some() {
        let action = Action::DeleteFunction { name: names.function.clone() };
        delete(Stage::RetireFunction, Kind::Function, &names.function, action);
    }
    let Some(log_group) = &observed.log_group else { return };
    if log_group.filters.iter().all(|filter| is_own_filter(stack, filter, None)) {
        let action = Action::DeleteLogGroup { name: log_group.name.clone() };
        delete(Stage::RetireLogGroup, Kind::LogGroup, &log_group.name, action);
    } else {
        let id = ResourceId::new(Kind::LogGroup, &log_group.name);
        plan.keep(id, "it has subscription filters that are not ours");
    }
}
