//! A model of AWS for the tests of the planner: what each action does to what exists.

use crate::resources::kinds::with_every_kind;
use crate::resources::*;
use crate::stack::arn::Arn;

/// Applies a whole plan; panics where AWS would refuse because something it needs is missing.
pub(crate) fn apply(stack: &Stack, observed: &mut Observed, plan: &Plan) {
    for step in &plan.steps {
        for action in &step.actions {
            apply_action(stack, observed, action);
        }
    }
}

/// Applies the first `count` actions only, as an interrupted run does.
pub(crate) fn apply_some(stack: &Stack, observed: &mut Observed, plan: &Plan, count: usize) {
    for action in plan.steps.iter().flat_map(|step| &step.actions).take(count) {
        apply_action(stack, observed, action);
    }
}

/// The destination whose own function an action is about.
fn isolated_destination(stack: &Stack, o: &Observed, action: &Action) -> Option<String> {
    let of_function = |name: &str| stack.names.isolated_destination(name).map(ToOwned::to_owned);
    let of_log_group = |name: &str| of_function(name.strip_prefix("/aws/lambda/")?);
    let of_trigger = |uuid: &str| {
        let mut own = o.isolated.iter();
        own.find(|(_, own)| own.triggers.iter().any(|t| t.uuid == *uuid)).map(|(name, _)| name.clone())
    };
    match action {
        Action::LogGroup(
            log_group::Action::Create { name, .. }
            | log_group::Action::SetRetention { name, .. }
            | log_group::Action::Delete { name },
        ) => of_log_group(name),
        Action::LogGroup(log_group::Action::Tag { arn, .. }) => of_log_group(Arn::parse(arn)?.name()),
        Action::Function(action) => match action {
            function::Action::Create(create) => of_function(&create.name),
            function::Action::Await { name }
            | function::Action::UpdateCode { name, .. }
            | function::Action::UpdateConfiguration { name, .. }
            | function::Action::SetConcurrency { name, .. }
            | function::Action::UnsetConcurrency { name }
            | function::Action::Delete { name } => of_function(name),
            function::Action::Tag { arn, .. } => of_function(Arn::parse(arn)?.name()),
            function::Action::BeforeHandover { .. } => None,
        },
        Action::Alias(
            alias::Action::Publish { function, .. }
            | alias::Action::Start { function, .. }
            | alias::Action::Move { function, .. }
            | alias::Action::DeleteVersion { function, .. },
        ) => of_function(function),
        Action::Trigger(trigger::Action::Create { function, .. }) => of_function(function),
        Action::Trigger(
            trigger::Action::Await { uuid }
            | trigger::Action::AwaitGone { uuid }
            | trigger::Action::Update { uuid, .. }
            | trigger::Action::Delete { uuid },
        ) => of_trigger(uuid),
        _ => None,
    }
}

/// The function of an isolated destination is the main one for as long as an action is about it.
fn apply_action(stack: &Stack, o: &mut Observed, action: &Action) {
    let Some(destination) = isolated_destination(stack, o, action) else {
        return apply_to_main(stack, o, action);
    };
    let mut own = o.isolated.remove(&destination).unwrap_or_default();
    let swap = |o: &mut Observed, own: &mut ObservedForwarder| {
        std::mem::swap(&mut o.function, &mut own.function);
        std::mem::swap(&mut o.log_group, &mut own.log_group);
        std::mem::swap(&mut o.triggers, &mut own.triggers);
    };
    swap(o, &mut own);
    apply_to_main(stack, o, action);
    swap(o, &mut own);
    if own != ObservedForwarder::default() {
        o.isolated.insert(destination, own);
    }
}

macro_rules! model {
    ($($module:ident: $kind:ident,)*) => {
        fn apply_to_main(stack: &Stack, o: &mut Observed, action: &Action) {
            match action {
                $(Action::$kind(action) => super::$module::model::apply(stack, o, action),)*
            }
        }
    };
}
with_every_kind!(model);

/// Used by the generators: any architecture and distribution.
pub(crate) const ARCHES: [Arch; 2] = [Arch::X86_64, Arch::Arm64];
/// See [`ARCHES`].
pub(crate) const DISTRIBUTIONS: [Distribution; 2] = [Distribution::ByLogStream, Distribution::Random];
