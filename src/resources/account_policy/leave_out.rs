//! What an account policy leaves out: what would feed itself, and what a filter of its own decides on.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::desired::{AccountPolicy, SELECTION_BYTES};
use super::own::own_policy;
use crate::error::Code;
use crate::resources::filter::recursion::recursion;
use crate::resources::function::forwarders::isolated_functions;
use crate::resources::{Draft, Field, Kind, Observed, Plan, Refusal, ResourceId, Stack, Stage, Verb};

/// Log groups that an account policy leaves out, each with the reason.
pub(crate) type LeftOut = BTreeMap<String, &'static str>;
/// A log group whose lines would come back to it.
pub(crate) const LOOPS: &str = "it would feed itself";
/// A log group that its own filter decides on: covered as well, its lines would come twice.
pub(crate) const OWN_FILTER: &str = "a filter of its own leads to the stream";
/// A log group that the user does not want.
pub(crate) const EXCLUDED: &str = "excluded";
pub(crate) const LEAVES_OUT: &str = "leaves_out";

/// The log groups that no account policy of this stack may cover: the forwarders' own, and those that functions which
/// read the stream write to. One that a policy leaves out already stays left out though it does not exist: its stack
/// is being set up.
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

pub(crate) fn added(name: &str, left_out: &LeftOut) -> Field {
    let why = left_out.get(name).map(|why| (*why).to_owned());
    Field { why, ..Field::set(LEAVES_OUT, name) }
}

/// A refusal where AWS does not take so long a list.
pub(crate) fn too_long(put: &AccountPolicy, left_out: &LeftOut) -> Option<Refusal> {
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
        resource: ResourceId::new(Kind::ACCOUNT_POLICY, &put.name),
        code: Code::Config,
        reason: format!(
            "the list of the {} log groups that it must exclude is {bytes} bytes long, and AWS accepts \
             {SELECTION_BYTES} ({})",
            put.excluded.len(),
            counts.join("; ")
        ),
        hint: "exclude fewer log groups, or give each log group its own filter: --per-group, or `per_group = true` in the file"
            .to_owned(),
    })
}

/// Refuses to write an account policy whose selection criteria cannot be read.
pub(crate) fn unread(is: &AccountPolicy) -> Option<Refusal> {
    let selection = is.unread_selection.as_ref()?;
    Some(Refusal {
        resource: ResourceId::new(Kind::ACCOUNT_POLICY, &is.name),
        code: Code::Unreadable,
        reason: format!("its selection criteria have a form that cwl2le does not know and would overwrite: {selection}"),
        hint: "write them as `LogGroupName NOT IN [\"NAME\", ...]` with `aws logs put-account-policy`; or delete the policy with \
               `aws logs delete-account-policy` and run the command again"
            .to_owned(),
    })
}

/// Leaves more log groups out of an account policy that is there.
pub(crate) fn amend(is: &AccountPolicy, more: &LeftOut, stage: Stage, plan: &mut Plan) {
    let log_groups: BTreeSet<String> = more.keys().cloned().collect();
    let Some(put) = is.leaving_out(&log_groups) else {
        plan.unchanged.push(ResourceId::new(Kind::ACCOUNT_POLICY, &is.name));
        return;
    };
    if let Some(refusal) = unread(is).or_else(|| too_long(&put, more)) {
        plan.refused.push(refusal);
        return;
    }
    let mut step = Draft::new(stage, Kind::ACCOUNT_POLICY, &is.name, Verb::Update);
    step.fields(put.excluded.difference(&is.excluded).map(|name| added(name, more)));
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
