//! The account policy: what must change for it to cover what is meant and nothing that would feed itself.

use super::action::Action;
use super::desired::{AccountPolicy, AccountPolicySpec};
use super::leave_out::{LEAVES_OUT, LOOPS, LeftOut, added, amend, too_long, unread, would_loop};
use super::own::{is_member_policy, is_own_policy, own_policy};
use crate::error::Code;
use crate::resources::filter::own::other_name;
use crate::resources::function::forwarders::{Forwarder, existing};
use crate::resources::kind::{Losses, Part, Planned, Setup, Teardown};
use crate::resources::{
    self, Draft, Field, FilterOptions, Kind, Observed, Plan, Refusal, ResourceId, Stack, Stage, Step, Verb,
    log_group,
};
use crate::stack::{Names, RoleScope, StackName};

impl Planned for super::AccountPolicy {
    type Action = Action;

    /// Leaves the forwarders' own log groups out of the account policy, ours or another stack's, before there are
    /// forwarders.
    fn guard(setup: &Setup<'_>, plan: &mut Plan) {
        let wanted = &setup.forwarders.wanted;
        leave_out_own_logs(setup.stack, setup.observed, wanted, plan);
        for forwarder in wanted {
            let neighbour = neighbour(&forwarder.stack, setup.observed, plan);
            plan.refused.extend(neighbour.err());
        }
    }

    fn teardown(&Teardown { stack, observed, options }: &Teardown<'_>, plan: &mut Plan) {
        remove_policy(stack, observed, options.filter_name.as_deref(), Stage::RemoveFilters, plan);
    }

    fn finish_teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        take_back(stack, observed, plan);
        for own in existing(stack, observed) {
            take_back(&own.stack, &own.observed, plan);
        }
    }

    fn losses(found: &mut Losses<'_>, step: &Step, action: &Action) {
        let id = &step.resource;
        match action {
            Action::Delete { .. } => {
                let sink = found.stack.names.sink();
                found.add(id, format!("log groups without a filter of their own no longer reach {sink}"));
            }
            Action::Put { policy: put, .. } | Action::Replace { put, .. } => lost(found, id, put),
            Action::LeaveOut { .. } | Action::StopLeavingOut { .. } => {}
        }
    }
}

/// The account policy that an action puts.
pub(crate) fn policy_put(action: &resources::Action) -> Option<&AccountPolicy> {
    match action {
        resources::Action::AccountPolicy(Action::Put { policy: put, .. } | Action::Replace { put, .. }) => {
            Some(put)
        }
        _ => None,
    }
}

/// Has the stack's own account policy leave out the log groups of isolated destinations' functions before there are
/// such functions: a run of `setup` without subscriptions looks after nothing else of the policy, and that of the
/// main function is left out from the start.
pub(crate) fn leave_out_own_logs(
    stack: &Stack,
    observed: &Observed,
    forwarders: &[Forwarder],
    plan: &mut Plan,
) {
    let Some(is) = own_policy(stack, observed, None) else { return };
    let main = &stack.names.function_log_group;
    let log_groups = forwarders.iter().map(|forwarder| &forwarder.stack.names.function_log_group);
    let covered: LeftOut = log_groups
        .filter(|name| *name != main && !is.excluded.contains(*name))
        .map(|name| (name.clone(), LOOPS))
        .collect();
    if !covered.is_empty() {
        amend(is, &covered, Stage::Foundations, plan);
    }
}

/// What the account policy is to be: what was not asked for stays as it is in the policy whose place it takes.
pub(crate) fn settled(stack: &Stack, want: &AccountPolicySpec, observed: &Observed) -> AccountPolicySpec {
    let mut want = want.clone();
    let taken = |is: &&AccountPolicy| is.name == want.name || is_own_policy(stack, is, None);
    if let Some(is) = observed.account_policy.as_ref().filter(taken) {
        if !want.pattern.explicit {
            want.pattern.value.clone_from(&is.pattern);
        }
        if !want.distribution.explicit {
            want.distribution.value = is.distribution;
        }
        if want.role_arn.is_none() && is.destination_arn == want.destination_arn {
            want.role_arn.clone_from(&is.role_arn);
        }
    }
    want
}

/// The changes that make `want`, which is [`settled`], the account policy, leaving these log groups out and what
/// [`would_loop`]. Somebody else's is taken over or given up only where the options say so.
pub(crate) fn place(
    stack: &Stack,
    want: &AccountPolicySpec,
    mut left_out: LeftOut,
    observed: &Observed,
    options: &FilterOptions,
    plan: &mut Plan,
) {
    left_out.extend(would_loop(stack, observed).into_iter().map(|name| (name, LOOPS)));
    let put = AccountPolicy::of(want, left_out.keys().cloned().collect());
    if let Some(refusal) = too_long(&put, &left_out) {
        plan.refused.push(refusal);
        return;
    }
    let mut step = match &observed.account_policy {
        Some(is) if is.name == want.name => {
            let ours = is.destination_arn == want.destination_arn || is_own_policy(stack, is, None);
            if !ours && !options.adopt {
                plan.refused.push(not_ours(want, is));
                return;
            }
            if let Some(refusal) = unread(is) {
                plan.refused.push(refusal);
                return;
            }
            let mut step = draft(&want.name, if ours { Verb::Update } else { Verb::Adopt });
            if !update(&mut step, is, &put, &left_out) {
                plan.unchanged.push(ResourceId::new(Kind::ACCOUNT_POLICY, &want.name));
                return;
            }
            step
        }
        other => {
            let mut step = draft(&want.name, Verb::Create);
            if let Some(is) = other {
                if !is_own_policy(stack, is, None) && options.replace.as_ref() != Some(&is.name) {
                    plan.refused.push(not_ours(want, is));
                    return;
                }
                step.change("replaces", is.name.as_str(), want.name.as_str());
            }
            step.set("pattern", put.pattern.as_str());
            step.set("distribution", put.distribution.to_string());
            step.fields(put.excluded.iter().map(|name| added(name, &left_out)));
            if let Some(is) = other {
                step.act(Action::Replace { name: is.name.clone(), put: Box::new(put) });
                step.finish(plan);
                return;
            }
            step
        }
    };
    let same = observed.account_policy.as_ref().filter(|is| is.name == put.name);
    let no_longer =
        same.map(|is| is.excluded.difference(&put.excluded).cloned().collect()).unwrap_or_default();
    step.act(Action::Put { policy: Box::new(put), no_longer });
    step.finish(plan);
}

fn draft(name: &str, verb: Verb) -> Draft {
    Draft::new(Stage::AccountPolicy, Kind::ACCOUNT_POLICY, name, verb)
}

/// The fields that change; says whether there are any.
fn update(step: &mut Draft, is: &AccountPolicy, put: &AccountPolicy, left_out: &LeftOut) -> bool {
    let mut differs = false;
    let mut change = |name: &'static str, old: Option<&str>, new: Option<&str>| {
        if old != new {
            step.change(name, old, new);
            differs = true;
        }
    };
    change("destination", Some(&is.destination_arn), Some(&put.destination_arn));
    change("role", is.role_arn.as_deref(), put.role_arn.as_deref());
    change("pattern", Some(&is.pattern), Some(&put.pattern));
    let (old, new) = (is.distribution.to_string(), put.distribution.to_string());
    change("distribution", Some(&old), Some(&new));
    let mut fields: Vec<Field> =
        put.excluded.difference(&is.excluded).map(|name| added(name, left_out)).collect();
    let no_longer = is.excluded.difference(&put.excluded);
    fields.extend(no_longer.map(|name| Field::remove(LEAVES_OUT, name.as_str())));
    differs |= !fields.is_empty();
    step.fields(fields);
    differs
}

fn not_ours(want: &AccountPolicySpec, is: &AccountPolicy) -> Refusal {
    let (reason, hint) = if is.name == want.name {
        (
            format!("an account policy of this name already exists and sends to {}", is.destination_arn),
            "take it over with --adopt; or keep it and subscribe each log group on its own with --per-group",
        )
    } else {
        (
            format!(
                "the account already has an account policy, `{}`, which sends to {}; AWS allows one in an account and region",
                is.name, is.destination_arn
            ),
            "replace it with --replace NAME; or keep it and subscribe each log group on its own with --per-group",
        )
    };
    Refusal {
        resource: ResourceId::new(Kind::ACCOUNT_POLICY, &want.name),
        code: Code::NotOurs,
        reason,
        hint: hint.to_owned(),
    }
}

/// Deletes the account policy where it is our own, or says why it stays where it leads to our stream.
pub(crate) fn remove_policy(
    stack: &Stack,
    observed: &Observed,
    also: Option<&str>,
    stage: Stage,
    plan: &mut Plan,
) {
    let Some(is) = &observed.account_policy else { return };
    if is_own_policy(stack, is, also) {
        let mut step = Draft::new(stage, Kind::ACCOUNT_POLICY, &is.name, Verb::Delete);
        step.act(Action::Delete { name: is.name.clone() });
        step.finish(plan);
    } else if is.destination_arn == stack.sink_arn() {
        plan.keep(ResourceId::new(Kind::ACCOUNT_POLICY, &is.name), other_name(stack));
    }
}

/// What a stack needs of an account policy that is not its own and leads to a stream of cwl2le, or from a member to a
/// destination of another account: that it leaves the forwarder's log group out before there is a forwarder. Another
/// stack's is amended, and nothing else of it is touched. With that of a member, two accounts may feed each other.
pub(crate) fn neighbour(stack: &Stack, observed: &Observed, plan: &mut Plan) -> Part {
    let log_group = &stack.names.function_log_group;
    let foreign = observed.account_policy.as_ref().filter(|is| !is_own_policy(stack, is, None));
    let Some(is) = foreign.filter(|is| !is.excluded.contains(log_group)) else { return Ok(()) };
    let is_of_member = is_member_policy(is);
    if stack_of_stream(stack, is).is_none() && !is_of_member {
        return Ok(());
    }
    if is_of_member || is_of_another_stack(stack, is) {
        amend(is, &LeftOut::from([(log_group.clone(), LOOPS)]), Stage::Foundations, plan);
        return Ok(());
    }
    Err(Refusal {
        resource: ResourceId::new(Kind::ACCOUNT_POLICY, &is.name),
        code: Code::Recursion,
        reason: format!(
            "it sends to {} and covers {log_group}, the forwarder's own log group: a log loop",
            is.destination_arn
        ),
        hint: format!(
            "exclude {log_group} in the policy's selection criteria, or replace the policy: `cwl2le subscribe --all --replace {}`",
            is.name
        ),
    })
}

/// The stack whose stream an account policy leads to, where it is the stream of one.
fn stack_of_stream(stack: &Stack, is: &AccountPolicy) -> Option<StackName> {
    let streams = stack.target.arn("kinesis", "stream/");
    is.destination_arn.strip_prefix(&streams).and_then(StackName::of_stream)
}

/// Whether an account policy is another stack's own, by stream and name.
fn is_of_another_stack(stack: &Stack, is: &AccountPolicy) -> bool {
    let owner = stack_of_stream(stack, is).filter(|owner| *owner != stack.name);
    owner.is_some_and(|owner| Names::new(&owner, &stack.target.region, RoleScope::Plain).is_filter(&is.name))
}

/// Takes the forwarder's log group, which this plan deletes, out of what another stack's account policy leaves out: a
/// list that only grows is full one day.
pub(crate) fn take_back(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let log_group = &stack.names.function_log_group;
    let gone = log_group::Action::Delete { name: log_group.clone() }.into();
    let is_deleted = plan.steps.iter().any(|step| step.actions.contains(&gone));
    let theirs = observed.account_policy.as_ref().filter(|is| is_of_another_stack(stack, is));
    let Some(is) = theirs.filter(|is| is_deleted && is.excluded.contains(log_group)) else { return };
    let mut step = Draft::new(Stage::RemoveStream, Kind::ACCOUNT_POLICY, &is.name, Verb::Update);
    step.fields([Field::remove(LEAVES_OUT, log_group.as_str())]);
    step.act(Action::StopLeavingOut { policy: is.name.clone(), log_group: log_group.clone() });
    step.finish(plan);
}

/// An account policy that leads elsewhere and goes. AWS allows one, so whatever is written takes its place.
fn lost(found: &mut Losses<'_>, id: &ResourceId, put: &AccountPolicy) {
    let before = found.observed.account_policy.as_ref();
    if let Some(before) = before.filter(|before| before.destination_arn != put.destination_arn) {
        let what = format!(
            "the account policy `{}`: log groups no longer reach {}",
            before.name, before.destination_arn
        );
        found.add(id, what);
    }
}
