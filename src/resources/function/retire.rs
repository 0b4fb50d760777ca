//! Functions of isolated destinations that have nothing left to do.

use crate::resources::Draft;
use crate::resources::filter::own::is_own_filter;
use crate::resources::{
    Action, Kind, Observed, Plan, ResourceId, Stack, Stage, TriggerState, Verb, function, log_group, trigger,
};

/// Removes such a function with its trigger and its log group; `stack` and `observed` are as it sees them.
pub(crate) fn retire(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let names = &stack.names;
    let mut delete = |stage, resource, action: Action| {
        let mut step = Draft::of(stage, resource, Verb::Delete);
        step.act(action);
        step.finish(plan);
    };
    for is in &observed.triggers {
        let uuid = is.uuid.clone();
        let is_going = is.state == TriggerState::Deleting;
        let action =
            if is_going { trigger::Action::AwaitGone { uuid } } else { trigger::Action::Delete { uuid } };
        delete(Stage::RetireTrigger, ResourceId::trigger(names), action.into());
    }
    if observed.function.is_some() {
        let action = function::Action::Delete { name: names.function.clone() };
        delete(Stage::RetireFunction, ResourceId::new(Kind::FUNCTION, &names.function), action.into());
    }
    let Some(log_group) = &observed.log_group else { return };
    let id = ResourceId::new(Kind::LOG_GROUP, &log_group.name);
    if log_group.filters.iter().all(|filter| is_own_filter(stack, filter, None)) {
        let action = log_group::Action::Delete { name: log_group.name.clone() };
        delete(Stage::RetireLogGroup, id, action.into());
    } else {
        plan.keep(id, "it has subscription filters that this stack does not manage");
    }
}
