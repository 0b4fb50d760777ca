//! The test invocation: after a deployment the function is started once, before it gets any record.

use super::action::Action;
use crate::resources::function::forwarders::Forwarder;
use crate::resources::{self, Field, Kind, Plan, ResourceId, Stack, Stage, Step, Verb};

/// Has every function that this plan concerns started once with an empty batch: where itself, its role or its trigger
/// changes. A run that stopped between the function and the trigger left it untested, so the trigger counts as well.
pub(crate) fn start_functions(stack: &Stack, wanted: &[Forwarder], plan: &mut Plan) {
    let role_changes = concerns(plan, &ResourceId::new(Kind::ROLE, &stack.function_role.name));
    for forwarder in wanted {
        let names = &forwarder.stack.names;
        let function = ResourceId::new(Kind::FUNCTION, &names.function);
        let start: resources::Action = Action::Start { name: names.function.clone() }.into();
        if let Some(step) = plan.steps.iter_mut().find(|step| step.resource == function) {
            step.actions.push(start);
            continue;
        }
        let trigger = ResourceId::trigger(names);
        let is_concerned = role_changes || concerns(plan, &trigger);
        if forwarder.observed.function.is_some() && is_concerned {
            plan.unchanged.retain(|unchanged| *unchanged != function);
            plan.steps.push(Step {
                stage: Stage::Function,
                resource: function,
                verb: Verb::Check,
                fields: vec![Field::set("test_invocation", true)],
                actions: vec![start],
            });
        }
    }
}

fn concerns(plan: &Plan, resource: &ResourceId) -> bool {
    plan.steps.iter().any(|step| step.resource == *resource)
}
