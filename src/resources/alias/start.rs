//! The test invocation: a version is started once before it gets any record, and again where its role or its trigger
//! changes.

use super::action::{Action, Version};
use crate::resources::function::forwarders::Forwarder;
use crate::resources::{self, Field, Kind, Plan, ResourceId, Stack, Stage, Step, Verb};

/// Has every function that this plan concerns, and that no new version of is started, start the version that gets the
/// records: where itself, its role, its alias or its trigger changes. A run that stopped before the trigger left it
/// untested, so the trigger counts as well.
pub(super) fn start_others(stack: &Stack, wanted: &[Forwarder], plan: &mut Plan) {
    let role_changes = concerns(plan, &ResourceId::new(Kind::ROLE, &stack.function_role.name));
    for forwarder in wanted {
        let names = &forwarder.stack.names;
        let function = ResourceId::new(Kind::FUNCTION, &names.function);
        let starts = plan.steps.iter().flat_map(|step| &step.actions).any(|action| {
            matches!(action, resources::Action::Alias(Action::Start { function, .. }) if *function == names.function)
        });
        let (trigger, alias) = (ResourceId::trigger(names), ResourceId::alias(names));
        let is_concerned =
            role_changes || [&function, &trigger, &alias].iter().any(|resource| concerns(plan, resource));
        if starts || forwarder.observed.function.is_none() || !is_concerned {
            continue;
        }
        let start = Action::Start { function: names.function.clone(), version: Version::Live };
        in_step_of(plan, function, vec![start.into()]);
    }
}

/// Adds actions to the step of a function; one that does not change otherwise is tested.
pub(super) fn in_step_of(plan: &mut Plan, function: ResourceId, mut actions: Vec<resources::Action>) {
    if let Some(step) = plan.steps.iter_mut().find(|step| step.resource == function) {
        step.actions.append(&mut actions);
        return;
    }
    plan.unchanged.retain(|unchanged| *unchanged != function);
    plan.steps.push(Step {
        stage: Stage::Function,
        resource: function,
        verb: Verb::Check,
        fields: vec![Field::set("test_invocation", true)],
        actions,
    });
}

fn concerns(plan: &Plan, resource: &ResourceId) -> bool {
    plan.steps.iter().any(|step| step.resource == *resource)
}
