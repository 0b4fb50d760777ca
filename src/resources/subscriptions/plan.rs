//! What `subscribe`, `unsubscribe` and the file's subscriptions must change: filters of log groups, and the account
//! policy beside them.
//!
//! One rule holds for all of it: **a log group that has a filter to the stream is left out of the account policy.**
//! Its own filter decides on it, and no line comes twice for being covered by both. While a log group changes from
//! one to the other both cover it for a moment: a line may come twice then, and none is missing.

use std::collections::BTreeSet;

use crate::error::listed;
use crate::resources::account_policy::leave_out::{EXCLUDED, LeftOut, OWN_FILTER, leave_out, would_loop};
use crate::resources::account_policy::own::own_policy;
use crate::resources::account_policy::plan::{place, remove_policy, settled};
use crate::resources::filter::loops::refuse_others;
use crate::resources::filter::own::{is_own_filter, remove};
use crate::resources::filter::plan::{filter_put, put_filter, say_unfound};
use crate::resources::{
    AccountPolicy, AccountPolicySpec, Action, Field, FilterOptions, FilterSpec, Observed, ObservedFilter,
    ObservedGroup, Plan, ResourceId, Stack, Stage, Step, Verb, filter,
};
use crate::stack::is_canary;

/// All subscriptions that a stack is to have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subscriptions {
    /// The filters of log groups.
    pub filters: Vec<FilterSpec>,
    /// The account policy, where every other log group is meant as well.
    pub account_policy: Option<AccountPolicySpec>,
}

/// The changes that give each log group its filter. One that our account policy covers just so needs none; one that
/// gets a filter is left out of the policy.
pub fn subscribe(stack: &Stack, wanted: &[FilterSpec], observed: &Observed, options: &FilterOptions) -> Plan {
    let policy = own_policy(stack, observed, None);
    let is_covered = |want: &&FilterSpec| policy.is_some_and(|policy| says_the_same(policy, want, observed));
    let (covered, filters): (Vec<&FilterSpec>, _) = wanted.iter().partition(is_covered);
    let filters: Vec<FilterSpec> = filters.into_iter().map(|want| inherited(policy, want)).collect();
    let mut plan = put_filters(stack, &filters, observed, options);
    say_unfound(options, wanted.iter().map(|want| &want.log_group), None, observed, &mut plan);
    say_full(observed, &mut plan);
    plan.unchanged.extend(covered.into_iter().map(|want| ResourceId::filter(&want.log_group, &want.name)));
    leave_out(stack, done(&plan, &filters), observed, None, Stage::AccountPolicy, &mut plan);
    plan.ordered()
}

/// As [`subscribe`], for every log group there is: our account policy is not needed any more.
pub fn subscribe_each(
    stack: &Stack,
    wanted: &[FilterSpec],
    observed: &Observed,
    options: &FilterOptions,
) -> Plan {
    let policy = own_policy(stack, observed, None);
    let filters: Vec<FilterSpec> = wanted.iter().map(|want| inherited(policy, want)).collect();
    let mut plan = put_filters(stack, &filters, observed, options);
    say_unfound(options, wanted.iter().map(|want| &want.log_group), None, observed, &mut plan);
    say_full(observed, &mut plan);
    // What an earlier run did before it failed is covered twice: that ends whether or not this one gets further.
    plan = plan.and(once_only(stack, observed));
    if plan.refused.is_empty() {
        remove_policy(stack, observed, None, Stage::AccountPolicy, &mut plan);
    } else {
        // What cannot have a filter of its own stays covered.
        let mut left_out = done(&plan, &filters);
        left_out.extend(twice(stack, observed));
        leave_out(stack, left_out, observed, None, Stage::AccountPolicy, &mut plan);
    }
    plan.ordered()
}

/// Leaves out of our account policy what has a filter to the stream as well, before anything else: lines of such log
/// groups come twice.
pub fn once_only(stack: &Stack, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let twice = twice(stack, observed);
    if !twice.is_empty() {
        leave_out(stack, twice, observed, None, Stage::Foundations, &mut plan);
        // Where the list is full the filters go on, and then the policy goes as a whole.
        plan.refused.clear();
    }
    plan
}

/// The log groups that come by our account policy and by a filter.
fn twice(stack: &Stack, observed: &Observed) -> LeftOut {
    let Some(policy) = own_policy(stack, observed, None) else { return LeftOut::new() };
    let groups = observed.groups.iter().filter(|(name, group)| {
        policy.covers(name, &group.class) && to_stream(stack, group).next().is_some()
    });
    groups.map(|(name, _)| (name.clone(), OWN_FILTER)).collect()
}

/// The changes that subscribe every log group by one account policy. Filters of ours that say the same as the policy
/// go, after it is there; a log group with any other filter to the stream keeps that and is left out.
pub fn subscribe_all(
    stack: &Stack,
    want: &AccountPolicySpec,
    observed: &Observed,
    options: &FilterOptions,
) -> Plan {
    let (want, mut plan) = (settled(stack, want, observed), Plan::default());
    let loops = would_loop(stack, observed);
    let mut left_out = excluded(&want);
    for (name, group) in &observed.groups {
        let filters = to_stream(stack, group);
        // One of ours that leads to the destination before this one: the policy takes its place.
        let (here, before): (Vec<&ObservedFilter>, _) =
            filters.partition(|filter| filter.destination_arn == want.destination_arn);
        let is_meant = !loops.contains(name) && !want.excluded.contains(name);
        for filter in before.into_iter().filter(|_| is_meant) {
            remove(stack, name, filter, Some(&want.name), Stage::CoveredFilters, &mut plan);
        }
        let filters = here.into_iter();
        let same = filters.clone().all(|filter| {
            is_own_filter(stack, filter, Some(&want.name))
                && filter.name == want.name
                && filter.pattern == want.pattern.value
                && filter.distribution == want.distribution.value
        });
        if !same || loops.contains(name) || want.excluded.contains(name) {
            left_out.extend(filters.map(|_| (name.clone(), OWN_FILTER)));
            continue;
        }
        for filter in filters {
            remove(stack, name, filter, Some(&want.name), Stage::CoveredFilters, &mut plan);
        }
    }
    say_unfound(options, std::iter::empty(), name_of(observed.account_policy.as_ref()), observed, &mut plan);
    place(stack, &want, left_out, observed, options, &mut plan);
    plan.ordered()
}

/// The changes that make these the only subscriptions of ours: what is wanted is made, and the rest of what is ours
/// goes.
///
/// A log group that changes from one filter of ours to another does so in one step. Where there is room, and AWS has
/// always allowed two filters, the new one comes first: a line may then arrive twice, and none is missing.
pub fn bring_subscriptions(
    stack: &Stack,
    wanted: &Subscriptions,
    observed: &Observed,
    options: &FilterOptions,
) -> Plan {
    let mut plan = put_filters(stack, &wanted.filters, observed, options);
    let policy = wanted.account_policy.as_ref().map(|want| settled(stack, want, observed));
    let names: BTreeSet<(&str, &str)> =
        wanted.filters.iter().map(|spec| (spec.log_group.as_str(), spec.name.as_str())).collect();
    let mut left_out = policy.as_ref().map(excluded).unwrap_or_default();
    left_out.extend(names.iter().map(|(log_group, _)| ((*log_group).to_owned(), OWN_FILTER)));
    for (name, group) in &observed.groups {
        let mut others = to_stream(stack, group).filter(|filter| !is_own_filter(stack, filter, None));
        left_out.extend(others.next().map(|_| (name.clone(), OWN_FILTER)));
    }
    let loops = would_loop(stack, observed);
    for (name, group) in &observed.groups {
        let is_covered = policy.is_some() && !left_out.contains_key(name) && !loops.contains(name);
        let stage = if is_covered { Stage::CoveredFilters } else { Stage::RemoveFilters };
        let is_wanted = |filter: &str| names.contains(&(name.as_str(), filter));
        // Setup itself takes them off the forwarder's own log group, and `cwl2le test` off that of its canary.
        let is_own_log = *name == stack.names.function_log_group || is_canary(name);
        let goes = |f: &&ObservedFilter| is_own_filter(stack, f, None) && !is_wanted(&f.name) && !is_own_log;
        for filter in group.filters.iter().filter(goes) {
            let created = plan.steps.iter_mut().find(|step| creates_in(step, name));
            let Some(step) = created else {
                remove(stack, name, filter, None, stage, &mut plan);
                continue;
            };
            let delete = filter::Action::Delete { log_group: name.clone(), name: filter.name.clone() };
            let gives_way = |action: &Action| matches!(action, Action::Filter(filter::Action::Replace { name, .. }) if *name == filter.name);
            if step.actions.iter().any(gives_way) {
                continue;
            }
            step.fields.push(Field::remove("replaces", filter.name.as_str()));
            let at = if group.filters.len() < 2 { step.actions.len() } else { 0 };
            step.actions.insert(at, delete.into());
        }
    }
    let there = policy.as_ref().and(name_of(observed.account_policy.as_ref()));
    say_unfound(options, wanted.filters.iter().map(|want| &want.log_group), there, observed, &mut plan);
    refuse_others(stack, observed, &mut plan);
    match policy {
        Some(policy) => place(stack, &policy, left_out, observed, options, &mut plan),
        None => remove_policy(stack, observed, None, Stage::AccountPolicy, &mut plan),
    }
    plan.ordered()
}

/// The changes that take our filters off these log groups, and them out of our account policy. Other people's filters
/// are never touched.
pub fn unsubscribe(stack: &Stack, log_groups: &[String], observed: &Observed, also: Option<&str>) -> Plan {
    let mut plan = take_off(stack, log_groups, observed, also);
    let there = log_groups.iter().filter(|name| observed.groups.contains_key(*name));
    let there = there.map(|name| (name.clone(), EXCLUDED)).collect();
    leave_out(stack, there, observed, also, Stage::RemoveFilters, &mut plan);
    plan.ordered()
}

/// As [`unsubscribe`], for every log group: our account policy goes.
pub fn unsubscribe_all(
    stack: &Stack,
    log_groups: &[String],
    observed: &Observed,
    also: Option<&str>,
) -> Plan {
    let mut plan = take_off(stack, log_groups, observed, also);
    remove_policy(stack, observed, also, Stage::RemoveFilters, &mut plan);
    plan.ordered()
}

fn take_off(stack: &Stack, log_groups: &[String], observed: &Observed, also: Option<&str>) -> Plan {
    let mut plan = Plan::default();
    for log_group in log_groups {
        let before = plan.steps.len();
        for filter in observed.groups.get(log_group).iter().flat_map(|group| &group.filters) {
            remove(stack, log_group, filter, also, Stage::RemoveFilters, &mut plan);
        }
        if plan.steps.len() == before {
            plan.unchanged.push(ResourceId::filter(log_group, &stack.names.filter));
        }
    }
    plan
}

fn put_filters(stack: &Stack, wanted: &[FilterSpec], observed: &Observed, options: &FilterOptions) -> Plan {
    let mut plan = Plan::default();
    for want in wanted {
        put_filter(stack, want, observed, options, &mut plan);
    }
    plan
}

/// Number of subscription filters that AWS allows on a log group today.
const FILTERS: usize = 2;

/// Says so where log groups have as many filters already as AWS allows today. Whether there is room is AWS's to say, so
/// nothing is refused.
fn say_full(observed: &Observed, plan: &mut Plan) {
    let new = plan.steps.iter().filter(|step| step.verb == Verb::Create);
    let puts = new.flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::Filter(filter::Action::Put(put)) => Some(&put.log_group),
        _ => None,
    });
    let is_full =
        |name: &&String| observed.groups.get(*name).is_some_and(|group| group.filters.len() >= FILTERS);
    let full: BTreeSet<&str> = puts.filter(is_full).map(String::as_str).collect();
    if full.is_empty() {
        return;
    }
    let names = listed(full);
    plan.notes.push(format!(
        "{names}: AWS allows {FILTERS} subscription filters on a log group, and there are {FILTERS} already; expect AWS to \
         refuse the new one, or swap one with --replace NAME"
    ));
}

fn name_of(policy: Option<&AccountPolicy>) -> Option<&str> {
    policy.map(|policy| policy.name.as_str())
}

/// Whether the policy does for a log group what the filter would do, and nothing else was asked for.
fn says_the_same(policy: &AccountPolicy, want: &FilterSpec, observed: &Observed) -> bool {
    let group = observed.groups.get(&want.log_group);
    policy.name == want.name
        && policy.destination_arn == want.destination_arn
        && want.pattern.change_from(&policy.pattern).is_none()
        && want.distribution.change_from(&policy.distribution).is_none()
        && group.is_some_and(|group| {
            policy.covers(&want.log_group, &group.class)
                && !group.filters.iter().any(|filter| filter.name == want.name)
        })
}

/// The filter that takes the place of the policy on its log group: what was not asked for stays as it is.
fn inherited(policy: Option<&AccountPolicy>, want: &FilterSpec) -> FilterSpec {
    let mut want = want.clone();
    if let Some(policy) = policy.filter(|policy| policy.name == want.name) {
        if !want.pattern.explicit {
            want.pattern.value.clone_from(&policy.pattern);
        }
        if !want.distribution.explicit {
            want.distribution.value = policy.distribution;
        }
    }
    want
}

/// The log groups of these filters that the plan does not refuse.
fn done(plan: &Plan, wanted: &[FilterSpec]) -> LeftOut {
    let refused: BTreeSet<&ResourceId> = plan.refused.iter().map(|refusal| &refusal.resource).collect();
    let done =
        wanted.iter().filter(|want| !refused.contains(&ResourceId::filter(&want.log_group, &want.name)));
    done.map(|want| (want.log_group.clone(), OWN_FILTER)).collect()
}

fn excluded(want: &AccountPolicySpec) -> LeftOut {
    want.excluded.iter().map(|name| (name.clone(), EXCLUDED)).collect()
}

/// The filters of a log group that send where this stack's do, whoever manages them, and those of ours.
fn to_stream<'a>(
    stack: &'a Stack,
    group: &'a ObservedGroup,
) -> impl Iterator<Item = &'a ObservedFilter> + Clone {
    let sink = stack.sink_arn();
    group
        .filters
        .iter()
        .filter(move |filter| filter.destination_arn == sink || is_own_filter(stack, filter, None))
}

/// Whether a step makes a new filter on this log group.
fn creates_in(step: &Step, log_group: &str) -> bool {
    let mut puts = step.actions.iter().filter_map(filter_put);
    step.verb == Verb::Create && puts.any(|put| put.log_group == log_group)
}

/// The pattern that an action gives to a filter or to the account policy because it was asked for.
pub fn wanted_pattern(action: &Action) -> Option<&str> {
    let pattern = match action {
        Action::AccountPolicy(action) => action.pattern()?,
        action => &filter_put(action).filter(|put| put.pattern.explicit)?.pattern.value,
    };
    Some(pattern).filter(|pattern| !pattern.is_empty())
}
