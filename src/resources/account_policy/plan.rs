//! The account policy: what must change for it to cover what is meant and nothing that would feed itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Code;
use crate::plan::draft::Draft;
use crate::resources::filter::plan::{is_own_name, shown_pattern};
use crate::resources::function::forwarders::{Forwarder, isolated_functions};
use crate::resources::setup::Part;
use crate::resources::{
    AccountPolicy, AccountPolicySpec, Action, Field, FilterOptions, Kind, Observed, Plan, Refusal,
    ResourceId, SELECTION_BYTES, Stack, Stage, Verb, recursion,
};
use crate::stack::{Names, RoleScope, StackName};

/// Log groups that an account policy leaves out, each with the reason.
pub(crate) type LeftOut = BTreeMap<String, &'static str>;

/// A log group whose lines would come back to it.
const LOOPS: &str = "it would feed itself";
/// A log group that its own filter decides on: covered as well, its lines would come twice.
pub(crate) const OWN_FILTER: &str = "a filter of its own leads to the stream";
/// A log group that the user does not want.
pub(crate) const EXCLUDED: &str = "excluded";

/// Whether an account policy is this stack's own: it leads to our stream and has our name, with or without a pinned
/// destination, or the one in `also`. Account policies carry no tags.
pub fn is_own_policy(stack: &Stack, policy: &AccountPolicy, also: Option<&str>) -> bool {
    policy.destination_arn == stack.names.stream_arn(&stack.target) && is_own_name(stack, &policy.name, also)
}

/// The account policy, where it is this stack's own.
pub(crate) fn own_policy<'a>(
    stack: &Stack,
    observed: &'a Observed,
    also: Option<&str>,
) -> Option<&'a AccountPolicy> {
    observed.account_policy.as_ref().filter(|policy| is_own_policy(stack, policy, also))
}

/// The log groups that no account policy of this stack may cover: the forwarders' own, and those that functions which read
/// the stream write to. One that a policy leaves out already stays left out though it does not exist: its stack is being set up.
pub fn would_loop(stack: &Stack, observed: &Observed) -> BTreeSet<String> {
    let left_out = observed.account_policy.iter().flat_map(|policy| &policy.excluded);
    let known = observed.groups.keys().chain(left_out);
    let known = known
        .filter(|name| recursion(&stack.names, &observed.readers, &observed.writers, name).is_some())
        .cloned();
    let readers = observed.readers.iter().map(|function| format!("/aws/lambda/{function}"));
    known
        .chain(readers)
        .chain(observed.writers.keys().cloned())
        .chain([stack.names.function_log_group.clone()])
        .chain(isolated_log_groups(stack, observed))
        .collect()
}

/// The log groups of the functions of isolated destinations, of those to come as well.
fn isolated_log_groups(stack: &Stack, observed: &Observed) -> impl Iterator<Item = String> {
    let there = isolated_functions(stack, observed).into_keys();
    let names = stack.isolation.destinations.iter().cloned().chain(there);
    names.map(|name| stack.names.isolated(&name).function_log_group)
}

/// Has the stack's own account policy leave out the log groups of isolated destinations' functions before there are such
/// functions: a run of `setup` without subscriptions looks after nothing else of the policy, and that of the main function
/// is left out from the start.
pub(crate) fn leave_out_own_logs(
    stack: &Stack,
    observed: &Observed,
    forwarders: &[&Forwarder],
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
            let ours = is.destination_arn == want.destination_arn;
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
                plan.unchanged.push(ResourceId::new(Kind::AccountPolicy, &want.name));
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
                step.change("replaces", &is.name, &want.name);
            }
            step.set("pattern", shown_pattern(&put.pattern));
            step.set("distribution", put.distribution);
            step.fields(put.excluded.iter().map(|name| added(name, &left_out)).collect());
            if let Some(is) = other {
                step.act(Action::ReplaceAccountPolicy { name: is.name.clone(), put: Box::new(put) });
                step.finish(plan);
                return;
            }
            step
        }
    };
    let same = observed.account_policy.as_ref().filter(|is| is.name == put.name);
    let no_longer =
        same.map(|is| is.excluded.difference(&put.excluded).cloned().collect()).unwrap_or_default();
    step.act(Action::PutAccountPolicy { policy: Box::new(put), no_longer });
    step.finish(plan);
}

fn draft(name: &str, verb: Verb) -> Draft {
    Draft::new(Stage::AccountPolicy, Kind::AccountPolicy, name, verb)
}

/// The fields that change; says whether there are any.
fn update(step: &mut Draft, is: &AccountPolicy, put: &AccountPolicy, left_out: &LeftOut) -> bool {
    let mut differs = false;
    let mut change = |name: &str, old: String, new: String| {
        if old != new {
            step.change(name, old, new);
            differs = true;
        }
    };
    let role = |policy: &AccountPolicy| policy.role_arn.clone().unwrap_or_else(|| "none".to_owned());
    change("destination", is.destination_arn.clone(), put.destination_arn.clone());
    change("role", role(is), role(put));
    change("pattern", shown_pattern(&is.pattern), shown_pattern(&put.pattern));
    change("distribution", is.distribution.to_string(), put.distribution.to_string());
    let mut fields: Vec<Field> =
        put.excluded.difference(&is.excluded).map(|name| added(name, left_out)).collect();
    fields.extend(is.excluded.difference(&put.excluded).map(|name| Field {
        name: LEAVES_OUT.to_owned(),
        old: Some(name.clone()),
        new: None,
    }));
    differs |= !fields.is_empty();
    step.fields(fields);
    differs
}

const LEAVES_OUT: &str = "leaves out";

fn added(name: &str, left_out: &LeftOut) -> Field {
    let why = left_out.get(name).map(|why| format!(" ({why})")).unwrap_or_default();
    Field { name: LEAVES_OUT.to_owned(), old: None, new: Some(format!("{name}{why}")) }
}

fn not_ours(want: &AccountPolicySpec, is: &AccountPolicy) -> Refusal {
    let (reason, hint) = if is.name == want.name {
        (
            format!("an account policy of this name is there and leads to {}", is.destination_arn),
            "take it over with --adopt; or leave it and subscribe the log groups one by one, with --per-group",
        )
    } else {
        (
            format!(
                "there is one account policy in an account and region, and it is `{}`, which leads to {}",
                is.name, is.destination_arn
            ),
            "give it up by its name with --replace; or leave it and subscribe the log groups one by one, with --per-group",
        )
    };
    Refusal {
        resource: ResourceId::new(Kind::AccountPolicy, &want.name),
        code: Code::NotOurs,
        reason,
        hint: hint.to_owned(),
    }
}

/// A refusal where AWS does not take so long a list.
fn too_long(put: &AccountPolicy, left_out: &LeftOut) -> Option<Refusal> {
    let bytes = put.selection().len();
    if bytes <= SELECTION_BYTES {
        return None;
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &put.excluded {
        *counts.entry(left_out.get(name).copied().unwrap_or("left out before")).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(why, count)| format!("{count}: {why}")).collect();
    Some(Refusal {
        resource: ResourceId::new(Kind::AccountPolicy, &put.name),
        code: Code::Config,
        reason: format!(
            "the list of the {} log groups that it has to leave out is {bytes} bytes long, and AWS takes \
             {SELECTION_BYTES} ({})",
            put.excluded.len(),
            counts.join("; ")
        ),
        hint: "leave out less, or give each log group a filter of its own: --per-group, in the file per_group = true"
            .to_owned(),
    })
}

/// Refuses to write an account policy whose selection criteria cannot be read.
fn unread(is: &AccountPolicy) -> Option<Refusal> {
    let selection = is.unread_selection.as_ref()?;
    Some(Refusal {
        resource: ResourceId::new(Kind::AccountPolicy, &is.name),
        code: Code::Unreadable,
        reason: format!("its selection criteria have a form that cwl2le does not know, and would be lost: {selection}"),
        hint: "write them as `LogGroupName NOT IN [\"NAME\", ...]` with `aws logs put-account-policy`; or delete the policy with \
               `aws logs delete-account-policy` and run the command again"
            .to_owned(),
    })
}

/// Leaves more log groups out of an account policy that is there.
pub(crate) fn amend(is: &AccountPolicy, more: &LeftOut, stage: Stage, plan: &mut Plan) {
    let log_groups: BTreeSet<String> = more.keys().cloned().collect();
    let Some(put) = is.leaving_out(&log_groups) else {
        plan.unchanged.push(ResourceId::new(Kind::AccountPolicy, &is.name));
        return;
    };
    if let Some(refusal) = unread(is).or_else(|| too_long(&put, more)) {
        plan.refused.push(refusal);
        return;
    }
    let mut step = Draft::new(stage, Kind::AccountPolicy, &is.name, Verb::Update);
    step.fields(put.excluded.difference(&is.excluded).map(|name| added(name, more)).collect());
    step.act(Action::LeaveOut { policy: is.name.clone(), log_groups });
    step.finish(plan);
}

/// Leaves these log groups out of the account policy where it is our own, and what [`would_loop`].
pub(crate) fn leave_out(
    stack: &Stack,
    mut log_groups: LeftOut,
    observed: &Observed,
    also: Option<&str>,
    stage: Stage,
    plan: &mut Plan,
) {
    let Some(is) = own_policy(stack, observed, also) else { return };
    log_groups.retain(|name, _| {
        observed.groups.get(name).is_none_or(|group| matches!(group.class.as_str(), "" | "STANDARD"))
    });
    log_groups.extend(would_loop(stack, observed).into_iter().map(|name| (name, LOOPS)));
    amend(is, &log_groups, stage, plan);
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
        let mut step = Draft::new(stage, Kind::AccountPolicy, &is.name, Verb::Delete);
        step.act(Action::DeleteAccountPolicy { name: is.name.clone() });
        step.finish(plan);
    } else if is.destination_arn == stack.names.stream_arn(&stack.target) {
        let id = ResourceId::new(Kind::AccountPolicy, &is.name);
        plan.keep(id, "it leads to our stream but has another name: name it with --filter-name to remove it");
    }
}

/// What a stack needs of an account policy that is not its own and leads to a stream of cwl2le: that it leaves the
/// forwarder's log group out before there is a forwarder. Another stack's is amended, and nothing else of it is touched.
pub(crate) fn neighbour(stack: &Stack, observed: &Observed, plan: &mut Plan) -> Part {
    let log_group = &stack.names.function_log_group;
    let foreign = observed.account_policy.as_ref().filter(|is| !is_own_policy(stack, is, None));
    let Some(is) = foreign.filter(|is| !is.excluded.contains(log_group)) else { return Ok(()) };
    if stack_of_stream(stack, is).is_none() {
        return Ok(());
    }
    if is_of_another_stack(stack, is) {
        amend(is, &LeftOut::from([(log_group.clone(), LOOPS)]), Stage::Foundations, plan);
        return Ok(());
    }
    Err(Refusal {
        resource: ResourceId::new(Kind::AccountPolicy, &is.name),
        code: Code::Recursion,
        reason: format!(
            "it leads to {} and covers {log_group}, the forwarder's own log group: this creates a log loop",
            is.destination_arn
        ),
        hint: format!(
            "add {log_group} to the policy's selection criteria, or take its place with `cwl2le subscribe --all --replace {}`",
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
pub(crate) fn take_back(stack: &Stack, observed: &Observed, stage: Stage, plan: &mut Plan) {
    let log_group = &stack.names.function_log_group;
    let gone = Action::DeleteLogGroup { name: log_group.clone() };
    let is_deleted = plan.steps.iter().any(|step| step.actions.contains(&gone));
    let theirs = observed.account_policy.as_ref().filter(|is| is_of_another_stack(stack, is));
    let Some(is) = theirs.filter(|is| is_deleted && is.excluded.contains(log_group)) else { return };
    let mut step = Draft::new(stage, Kind::AccountPolicy, &is.name, Verb::Update);
    step.fields(vec![Field { name: LEAVES_OUT.to_owned(), old: Some(log_group.clone()), new: None }]);
    step.act(Action::StopLeavingOut { policy: is.name.clone(), log_group: log_group.clone() });
    step.finish(plan);
}
