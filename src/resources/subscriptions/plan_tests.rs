//! Filters and the account policy, alone and beside each other.

use proptest::prelude::*;

use crate::error::Code;
use crate::resources::model::{DISTRIBUTIONS, apply, apply_some};
use crate::resources::tests::{empty_account, filters, foreign_filter, one_stack, run, stacks, whole};
use crate::resources::*;
use crate::resources::{AccountPolicy, AccountPolicySpec, FilterExtras, FilterSpec, Stack};
use crate::stack::Setting;

fn only(filters: &[FilterSpec]) -> Subscriptions {
    Subscriptions { filters: filters.to_vec(), account_policy: None }
}

#[test]
fn the_forwarders_own_groups_are_refused() {
    let stack = one_stack();
    let mut observed = empty_account(&[
        "/aws/lambda/cwl-to-logentries".to_owned(),
        "/aws/lambda/other-cwl-to-logentries".to_owned(),
        "/aws/lambda/consumer".to_owned(),
        "/aws/lambda/innocent".to_owned(),
        "/shared".to_owned(),
    ]);
    observed.readers.insert("consumer".to_owned());
    observed.writers.insert("/shared".to_owned(), "consumer".to_owned());
    let groups: Vec<String> = observed.groups.keys().cloned().collect();
    let plan = subscribe(&stack, &filters(&stack, &groups, "", 0), &observed, &FilterOptions::default());
    let refused: Vec<_> = plan.refused.iter().map(|r| (r.resource.place(), r.code)).collect();
    assert_eq!(
        refused,
        [
            ("/aws/lambda/consumer -> cloudwatchLogsFilter".to_owned(), Code::Recursion),
            ("/aws/lambda/cwl-to-logentries -> cloudwatchLogsFilter".to_owned(), Code::Recursion),
            ("/aws/lambda/other-cwl-to-logentries -> cloudwatchLogsFilter".to_owned(), Code::Recursion),
            ("/shared -> cloudwatchLogsFilter".to_owned(), Code::Recursion),
        ]
    );
    assert_eq!(plan.steps.len(), 1);
}

proptest! {
    /// From any filters, the wanted ones are reached, nothing more of ours is left, and nobody else's is touched.
    #[test]
    fn exactly_the_wanted_filters_remain(
        stack in stacks(),
        there in proptest::collection::btree_map("/app/[a-c]", (any::<bool>(), any::<bool>(), any::<bool>()), 1..4),
        wanted in proptest::collection::btree_set(("/app/[a-c]", any::<bool>()), 0..5),
        count in 0usize..8,
    ) {
        let name = |pinned: bool| {
            let base = &stack.names.filter;
            if pinned { format!("{base}@audit") } else { base.clone() }
        };
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| setup(&stack, is, false));
        for (group, (plain, pinned, foreign)) in &there {
            let ours = |pinned| ObservedFilter {
                name: name(pinned),
                destination_arn: stack.names.stream_arn(&stack.target),
                role_arn: Some(stack.logs_role.arn.clone()),
                ..foreign_filter()
            };
            let filters = [plain.then(|| ours(false)), pinned.then(|| ours(true)), foreign.then(foreign_filter)];
            let group_is = ObservedGroup { class: "STANDARD".to_owned(), filters: filters.into_iter().flatten().collect() };
            account.groups.insert(group.clone(), group_is);
        }
        let specs: Vec<FilterSpec> = wanted
            .iter()
            .filter(|(group, _)| there.contains_key(group))
            .flat_map(|(group, pinned)| {
                let made = filters(&stack, std::slice::from_ref(group), "x", 1);
                made.into_iter().map(|spec| FilterSpec { name: name(*pinned), ..spec })
            })
            .collect();
        let bring = |is: &Observed| bring_subscriptions(&stack, &only(&specs), is, &FilterOptions::default());

        let plan = bring(&account);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        apply_some(&stack, &mut account, &plan, count);
        run(&stack, &mut account, bring);
        let again = bring(&account);
        prop_assert!(again.is_empty(), "{again}");
        for (group, (.., foreign)) in &there {
            let is = &account.groups[group].filters;
            prop_assert_eq!(is.iter().filter(|f| f.name == "theirs").count(), usize::from(*foreign));
            let ours: std::collections::BTreeSet<&str> =
                is.iter().map(|f| f.name.as_str()).filter(|name| *name != "theirs").collect();
            let want: std::collections::BTreeSet<&str> =
                specs.iter().filter(|s| s.log_group == *group).map(|s| s.name.as_str()).collect();
            prop_assert_eq!(ours, want);
        }
    }
}

#[test]
fn a_log_group_changes_its_filter_in_one_step() {
    let stack = one_stack();
    let groups = vec!["/app/a".to_owned()];
    let mut account = empty_account(&groups);
    account.groups.get_mut("/app/a").expect("there").filters.clear();
    run(&stack, &mut account, |is| whole(&stack, &filters(&stack, &groups, "", 0), is));
    let pinned: Vec<FilterSpec> = filters(&stack, &groups, "", 0)
        .into_iter()
        .map(|spec| FilterSpec { name: format!("{}@audit", spec.name), ..spec })
        .collect();
    let options = FilterOptions::default();
    let plan = bring_subscriptions(&stack, &only(&pinned), &account, &options);
    let [step] = &plan.steps[..] else { panic!("one step: {plan}") };
    assert!(
        matches!(
            step.actions[..],
            [Action::Filter(filter::Action::Put(_)), Action::Filter(filter::Action::Delete { .. })]
        ),
        "none is missing"
    );
    // Beside somebody else's filter there may be no room for a third.
    account.groups.get_mut("/app/a").expect("there").filters.push(foreign_filter());
    let plan = bring_subscriptions(&stack, &only(&pinned), &account, &options);
    assert!(matches!(
        plan.steps[0].actions[..],
        [Action::Filter(filter::Action::Delete { .. }), Action::Filter(filter::Action::Put(_))]
    ));
}

/// The account policy that `subscribe --all` asks for.
pub(crate) fn everything(
    stack: &Stack,
    pin: &str,
    pattern: Option<&str>,
    excluded: &[&str],
) -> AccountPolicySpec {
    AccountPolicySpec {
        name: format!("{}{pin}", stack.names.filter),
        pattern: Setting::or_default(pattern.map(ToOwned::to_owned), String::new()),
        distribution: Setting::default(DISTRIBUTIONS[0]),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: Some(stack.logs_role.arn.clone()),
        excluded: excluded.iter().map(|name| (*name).to_owned()).collect(),
    }
}

pub(crate) const LOOPING: [&str; 4] = [
    "/aws/lambda/cwl-to-logentries",
    "/aws/lambda/blue-cwl-to-logentries",
    "/aws/lambda/reader",
    "/where/the/reader/logs",
];

/// What a log group has, by bits: the plain filter, a plain one with another pattern, a pinned one, two foreign ones.
pub(crate) fn group(stack: &Stack, bits: u8) -> ObservedGroup {
    let to_us = |name: &str, pattern: &str| ObservedFilter {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: Some(stack.logs_role.arn.clone()),
        distribution: DISTRIBUTIONS[0],
        extras: FilterExtras::default(),
    };
    let mut filters = Vec::new();
    match bits & 3 {
        1 => filters.push(to_us("cloudwatchLogsFilter", "")),
        2 => filters.push(to_us("cloudwatchLogsFilter", "ERROR")),
        3 => filters.push(to_us("cloudwatchLogsFilter@audit", "")),
        _ => {}
    }
    if bits & 4 != 0 {
        filters.push(foreign_filter());
    }
    if bits & 8 != 0 {
        filters.push(to_us("by-hand", ""));
    }
    let class = if bits & 16 != 0 && bits & 15 == 0 { "INFREQUENT_ACCESS" } else { "STANDARD" };
    ObservedGroup { class: class.to_owned(), filters }
}

/// An account with a stack, log groups, and an account policy of ours or none.
fn accounts() -> impl Strategy<Value = (Stack, Observed)> {
    let groups = proptest::collection::btree_map("/app/[a-d]", 0u8..32, 0..4);
    let excluded = proptest::collection::btree_set("/app/[a-d]|/aws/lambda/cwl-to-logentries", 0..4);
    let policy = proptest::option::of((0usize..3, any::<bool>(), excluded));
    (stacks(), groups, policy).prop_map(|(stack, groups, policy)| {
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| setup(&stack, is, false));
        account.groups = groups.into_iter().map(|(name, bits)| (name, group(&stack, bits))).collect();
        account.groups.extend(LOOPING.map(|name| (name.to_owned(), group(&stack, 0))));
        account.readers = ["cwl-to-logentries", "reader"].map(ToOwned::to_owned).into();
        account.writers = [(LOOPING[3].to_owned(), "reader".to_owned())].into();
        account.account_policy = policy.map(|(pattern, pinned, excluded)| {
            let pattern = [None, Some("ERROR"), Some("WARN")][pattern];
            let pin = if pinned { "@audit" } else { "" };
            AccountPolicy::of(&everything(&stack, pin, pattern, &[]), excluded)
        });
        (stack, account)
    })
}

/// By how many ways the lines of a log group come to our stream.
pub(crate) fn ways(stack: &Stack, account: &Observed, name: &str) -> usize {
    let stream = stack.names.stream_arn(&stack.target);
    let group = &account.groups[name];
    let by_policy = account.account_policy.as_ref().is_some_and(|p| p.covers(name, &group.class));
    group.filters.iter().filter(|f| f.destination_arn == stream).count() + usize::from(by_policy)
}

fn is_ours(stack: &Stack, filter: &ObservedFilter) -> bool {
    is_own_filter(stack, filter, None)
}

/// What is not ours, which nothing may change.
fn foreign(stack: &Stack, account: &Observed) -> Vec<(String, ObservedFilter)> {
    let all = account.groups.iter().flat_map(|(name, group)| group.filters.iter().map(move |f| (name, f)));
    all.filter(|(_, f)| !is_ours(stack, f)).map(|(name, f)| (name.clone(), f.clone())).collect()
}

/// What holds of every plan that was carried out: nothing loops, no policy covers what has a filter, nothing foreign
/// changed.
fn is_sound(stack: &Stack, before: &Observed, after: &Observed) -> Result<(), TestCaseError> {
    prop_assert_eq!(foreign(stack, before), foreign(stack, after));
    for (name, group) in &after.groups {
        let policy = after.account_policy.as_ref();
        let covered = policy.is_some_and(|policy| policy.covers(name, &group.class));
        prop_assert!(!(covered && LOOPING.contains(&name.as_str())), "{} feeds itself", name);
    }
    Ok(())
}

/// Every action before the next: no log group that was subscribed and is to be loses it in between.
fn misses_nothing(stack: &Stack, before: &Observed, plan: &Plan) -> Result<(), TestCaseError> {
    let (actions, mut after) = (plan.steps.iter().map(|step| step.actions.len()).sum(), before.clone());
    apply(stack, &mut after, plan);
    let lasting =
        before.groups.keys().filter(|name| ways(stack, before, name) > 0 && ways(stack, &after, name) > 0);
    let lasting: Vec<&String> = lasting.collect();
    for count in 0..actions {
        let mut between = before.clone();
        apply_some(stack, &mut between, plan, count);
        for name in &lasting {
            prop_assert!(
                ways(stack, &between, name) > 0,
                "{} is missing after {} actions of\n{}",
                name,
                count,
                plan
            );
        }
    }
    Ok(())
}

proptest! {
    /// `subscribe --all`, interrupted anywhere and run again: everything comes, once, but what is left out.
    #[test]
    fn all_comes_once_but_what_is_left_out(
        (stack, before) in accounts(),
        pin in 0usize..2,
        pattern in 0usize..3,
        excluded in proptest::sample::subsequence(vec!["/app/a", "/app/b", "/to/come"], 0..3),
        count in 0usize..6,
    ) {
        let pattern = [None, Some(""), Some("ERROR")][pattern];
        let want = everything(&stack, ["", "@audit"][pin], pattern, &excluded);
        let plan_of = |is: &Observed| subscribe_all(&stack, &want, is, &FilterOptions::default());
        let mut account = before.clone();
        let first = plan_of(&account);
        prop_assert!(first.refused.is_empty(), "{first}");
        let replaces = before.account_policy.as_ref().is_some_and(|is| is.name != want.name);
        if !replaces {
            misses_nothing(&stack, &before, &first)?;
        }
        apply_some(&stack, &mut account, &first, count);
        run(&stack, &mut account, plan_of);
        is_sound(&stack, &before, &account)?;
        let again = plan_of(&account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");

        let policy = account.account_policy.as_ref().expect("there is one");
        prop_assert!(excluded.iter().all(|name| policy.excluded.contains(*name)));
        for (name, group) in &account.groups {
            let covered = policy.covers(name, &group.class);
            if covered {
                prop_assert_eq!(ways(&stack, &account, name), 1, "{} comes more than once", name);
            }
            let left_out = excluded.contains(&name.as_str()) || LOOPING.contains(&name.as_str());
            if group.class == "STANDARD" && !left_out {
                prop_assert!(ways(&stack, &account, name) > 0, "{} does not come", name);
            }
        }
    }

    /// Whatever the file says, with an account policy or without: it is reached, and nothing more of ours is left.
    #[test]
    fn the_file_is_reached_from_any_subscriptions(
        (stack, before) in accounts(),
        with_policy in any::<bool>(),
        wanted in proptest::sample::subsequence(vec!["/app/a", "/app/b", "/app/c"], 0..3),
        pinned in any::<bool>(),
        count in 0usize..6,
    ) {
        let name = if pinned { "cloudwatchLogsFilter@audit" } else { "cloudwatchLogsFilter" };
        let there = |group: &&str| before.groups.get(*group).is_some_and(|is| is.class == "STANDARD");
        let groups: Vec<String> = wanted.into_iter().filter(there).map(ToOwned::to_owned).collect();
        let specs = filters(&stack, &groups, "x", 1).into_iter().map(|spec| FilterSpec { name: name.to_owned(), ..spec });
        let wanted = Subscriptions {
            filters: specs.collect(),
            account_policy: with_policy.then(|| everything(&stack, "", Some("y"), &["/app/d"])),
        };
        let plan_of = |is: &Observed| bring_subscriptions(&stack, &wanted, is, &FilterOptions::default());
        let mut account = before.clone();
        let first = plan_of(&account);
        apply_some(&stack, &mut account, &first, count);
        run(&stack, &mut account, plan_of);
        is_sound(&stack, &before, &account)?;
        let again = plan_of(&account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");

        prop_assert_eq!(account.account_policy.is_some(), with_policy);
        for (group, is) in &account.groups {
            let ours: Vec<&str> = is.filters.iter().filter(|f| is_ours(&stack, f)).map(|f| f.name.as_str()).collect();
            let expected: &[&str] = if groups.contains(group) { &[name] } else { &[] };
            prop_assert_eq!(ours, expected);
            if with_policy && is.class == "STANDARD" && group != "/app/d" && !LOOPING.contains(&group.as_str()) {
                prop_assert!(ways(&stack, &account, group) > 0, "{} does not come", group);
            }
        }
    }

    /// One log group more or less, beside an account policy of ours: no line comes twice, and none comes that shall
    /// not.
    #[test]
    fn one_log_group_beside_an_account_policy(
        (stack, before) in accounts(),
        pinned in any::<bool>(),
        pattern in proptest::option::of("ERROR|"),
        each in any::<bool>(),
    ) {
        let groups: Vec<String> = before.groups.iter()
            .filter(|(name, is)| is.class == "STANDARD" && name.starts_with("/app/"))
            .map(|(name, _)| name.clone())
            .take(if each { 9 } else { 1 })
            .collect();
        let specs: Vec<FilterSpec> = filters(&stack, &groups, "", 0).into_iter().map(|spec| FilterSpec {
            name: if pinned { "cloudwatchLogsFilter@audit".to_owned() } else { spec.name },
            pattern: Setting::or_default(pattern.clone(), String::new()),
            distribution: Setting::default(DISTRIBUTIONS[0]),
            ..spec
        }).collect();
        let options = FilterOptions::default();
        let plan_of = |is: &Observed| if each {
            subscribe_each(&stack, &specs, is, &options)
        } else {
            subscribe(&stack, &specs, is, &options)
        };
        let mut account = before.clone();
        let plan = plan_of(&account);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        misses_nothing(&stack, &before, &plan)?;
        apply(&stack, &mut account, &plan);
        is_sound(&stack, &before, &account)?;
        prop_assert!(plan_of(&account).is_empty(), "{}", plan_of(&account));
        prop_assert!(!(each && account.account_policy.is_some()));
        for name in &groups {
            let policy = account.account_policy.as_ref();
            let covered = policy.is_some_and(|policy| policy.covers(name, "STANDARD"));
            let filters = ways(&stack, &account, name) - usize::from(covered);
            prop_assert!(ways(&stack, &account, name) > 0);
            prop_assert!(!covered || filters == 0 || before.groups[name] == account.groups[name], "{} comes twice", name);
        }

        // And off again: what others made is all that leads to the stream.
        run(&stack, &mut account, |is| unsubscribe(&stack, &groups, is, None));
        is_sound(&stack, &before, &account)?;
        for name in &groups {
            let by_hand = account.groups[name].filters.iter().filter(|f| f.name == "by-hand").count();
            prop_assert_eq!(ways(&stack, &account, name), by_hand);
        }
        let all: Vec<String> = account.groups.keys().cloned().collect();
        run(&stack, &mut account, |is| unsubscribe_all(&stack, &all, is, None));
        prop_assert_eq!(&account.account_policy, &None);
        prop_assert!(account.groups.values().flat_map(|group| &group.filters).all(|f| !is_ours(&stack, f)));
    }

    /// A teardown removes our account policy before anything that it needs.
    #[test]
    fn a_teardown_removes_the_account_policy_first((stack, before) in accounts()) {
        let mut account = before;
        let plan = teardown(&stack, &account, &TeardownOptions::default());
        let first = plan.steps.iter().take_while(|step| step.stage <= Stage::RemoveFilters);
        let policies = first.filter(|step| step.resource.kind == Kind::ACCOUNT_POLICY).count();
        prop_assert_eq!(policies, usize::from(account.account_policy.is_some()));
        apply(&stack, &mut account, &plan);
        prop_assert_eq!(&account.account_policy, &None);
    }
}
