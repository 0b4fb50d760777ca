//! Properties of plans for a member account: subscriptions to the destination of another account, and their role.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::error::Code;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, filters, group_names, one_stack, role, run, stacks, whole};
use crate::resources::*;
use crate::stack::{DestinationArn, Names, RoleScope, Setting};

fn destination(name: &str) -> DestinationArn {
    format!("arn:aws:logs:eu-west-1:111111111111:destination:{name}").parse().expect("an ARN")
}

/// The stack as a member of another account.
fn member(stack: &Stack, name: &str, has_role: bool) -> Stack {
    let names = Names::of_member(&stack.name, &stack.target.region, RoleScope::Plain, &destination(name));
    let role = role(&stack.target, &names.logs_role, 0);
    Stack {
        logs_role: RoleSpec { policy_name: names.logs_policy.clone(), ..role },
        has_logs_role: has_role,
        names,
        ..stack.clone()
    }
}

/// As the settings say it: a role of ours that is there is used.
fn seen(stack: &Stack, observed: &Observed) -> Stack {
    Stack { has_logs_role: stack.has_logs_role || observed.logs_role.is_some(), ..stack.clone() }
}

fn subscribed(stack: &Stack, groups: &[String], observed: &Observed) -> Plan {
    let stack = seen(stack, observed);
    let specs = filters(&stack, groups, "ERROR", 0);
    let plan = subscribe(&stack, &specs, observed, &FilterOptions::default());
    with_member_role(&stack, observed, false, plan)
}

fn unsubscribed(stack: &Stack, groups: &[String], observed: &Observed) -> Plan {
    without_member_role(stack, observed, unsubscribe(stack, groups, observed, None))
}

fn policy(stack: &Stack) -> AccountPolicySpec {
    AccountPolicySpec {
        name: stack.names.filter.clone(),
        pattern: Setting::or_default(None, String::new()),
        distribution: Setting::or_default(None, Distribution::ByLogStream),
        destination_arn: stack.sink_arn(),
        role_arn: stack.subscription_role(),
        excluded: BTreeSet::new(),
    }
}

proptest! {
    /// What was applied needs no second time, and asking for the role later adds it to what is there.
    #[test]
    fn planning_after_applying_yields_nothing(stack in stacks(), groups in group_names(), has_role in any::<bool>()) {
        let member = member(&stack, "central", has_role);
        let mut account = empty_account(&groups);
        run(&member, &mut account, |is| subscribed(&member, &groups, is));
        let again = subscribed(&member, &groups, &account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
        let with_role = Stack { has_logs_role: true, ..member };
        run(&with_role, &mut account, |is| subscribed(&with_role, &groups, is));
        let role = Some(with_role.logs_role.arn.clone());
        let mut ours = account.groups.values().flat_map(|group| &group.filters).filter(|f| f.name != "theirs");
        prop_assert!(ours.all(|filter| filter.role_arn == role));
        // The role stays in use though it is not asked for any more.
        let without = Stack { has_logs_role: false, ..with_role };
        let again = subscribed(&without, &groups, &account);
        prop_assert!(again.is_empty(), "{again}");
    }

    /// Interrupted after any number of actions, the next run completes, and a teardown leaves what was there before.
    #[test]
    fn an_interrupted_run_is_completed_or_removed(
        stack in stacks(), groups in group_names(), has_role in any::<bool>(), count in 0usize..8,
    ) {
        let member = member(&stack, "central", has_role);
        let mut account = empty_account(&groups);
        let plan = subscribed(&member, &groups, &account);
        apply_some(&member, &mut account, &plan, count);
        let mut torn = account.clone();
        let plan = teardown(&member, &torn, &TeardownOptions::default());
        apply_some(&member, &mut torn, &plan, count / 2);
        run(&member, &mut torn, |is| teardown(&member, is, &TeardownOptions::default()));
        prop_assert_eq!(&torn, &empty_account(&groups));
        run(&member, &mut account, |is| subscribed(&member, &groups, is));
        let again = subscribed(&member, &groups, &account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
    }

    /// The role goes with the last log group that needs it, and not before.
    #[test]
    fn the_role_goes_with_the_last_subscription(stack in stacks(), groups in group_names(), keep in any::<bool>()) {
        let member = member(&stack, "central", true);
        let mut account = empty_account(&groups);
        run(&member, &mut account, |is| subscribed(&member, &groups, is));
        let (last, first) = match groups.split_last() {
            Some((last, first)) if keep => (vec![last.clone()], first),
            _ => (Vec::new(), groups.as_slice()),
        };
        run(&member, &mut account, |is| unsubscribed(&member, first, is));
        prop_assert_eq!(account.logs_role.is_some(), !last.is_empty());
        run(&member, &mut account, |is| unsubscribed(&member, &last, is));
        prop_assert_eq!(&account, &empty_account(&groups));
    }

    /// One account policy does the same for every log group: it is stable, interrupted or not, and leaves nothing.
    #[test]
    fn an_account_policy_comes_and_goes(stack in stacks(), groups in group_names(), has_role in any::<bool>(), count in 0usize..4) {
        let member = member(&stack, "central", has_role);
        let all = |is: &Observed| {
            let stack = seen(&member, is);
            let plan = subscribe_all(&stack, &policy(&stack), is, &FilterOptions::default());
            with_member_role(&stack, is, false, plan)
        };
        let mut account = empty_account(&groups);
        let plan = all(&account);
        apply_some(&member, &mut account, &plan, count);
        run(&member, &mut account, all);
        let again = all(&account);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
        let own = &account.account_policy.as_ref().expect("made").excluded;
        prop_assert!(own.contains(&member.names.function_log_group), "a forwarder of this account is left out");
        run(&member, &mut account, |is| {
            without_member_role(&member, is, unsubscribe_all(&member, &groups, is, None))
        });
        prop_assert_eq!(&account, &empty_account(&groups));
    }

    /// A stack of the account itself and its membership leave each other alone, on the same log groups.
    #[test]
    fn a_stack_of_the_account_stays_as_it_is(stack in stacks(), groups in group_names()) {
        let mut account = empty_account(&groups);
        run(&stack, &mut account, |is| whole(&stack, &filters(&stack, &groups, "a", 0), is));
        let before = account.clone();
        let member = member(&stack, "central", false);
        // A member sees its own role, and not that of the stack.
        let role = account.logs_role.take();
        run(&member, &mut account, |is| subscribed(&member, &groups, is));
        let seen = Observed { logs_role: role.clone(), ..account.clone() };
        let again = whole(&stack, &filters(&stack, &groups, "a", 0), &seen);
        prop_assert!(again.is_empty(), "{again}");
        run(&member, &mut account, |is| unsubscribed(&member, &groups, is));
        account.logs_role = role;
        prop_assert_eq!(&account, &before);
    }
}

#[test]
fn a_forwarder_of_this_account_is_not_sent_elsewhere() {
    let member = member(&one_stack(), "central", false);
    for group in ["/aws/lambda/cwl-to-logentries", "/aws/lambda/blue-cwl-to-logentries-audit"] {
        let groups = vec![group.to_owned()];
        let plan = subscribed(&member, &groups, &empty_account(&groups));
        assert_eq!((plan.steps.len(), plan.refused[0].code), (0, Code::Recursion), "{plan}");
    }
}

#[test]
fn a_role_of_somebody_else_is_neither_used_nor_deleted() {
    let (member, groups) = (member(&one_stack(), "central", true), vec!["/app/a".to_owned()]);
    let mut account = empty_account(&groups);
    run(&member, &mut account, |is| subscribed(&member, &groups, is));
    account.logs_role.as_mut().expect("made").tags.clear();
    account.groups.get_mut("/app/a").expect("there").filters.truncate(1);
    let plan = subscribed(&member, &groups, &account);
    assert_eq!((plan.steps.len(), plan.refused[0].code), (0, Code::NotOurs), "{plan}");
    let plan = unsubscribed(&member, &groups, &account);
    assert!(plan.steps.is_empty(), "{plan}");
}

#[test]
fn a_role_that_a_filter_of_another_name_needs_stays() {
    let one = member(&one_stack(), "one", true);
    let groups = ["/app/a".to_owned(), "/app/b".to_owned()];
    let mut account = empty_account(&groups);
    run(&one, &mut account, |is| subscribed(&one, &groups, is));
    let by_hand = &mut account.groups.get_mut("/app/b").expect("there").filters[1];
    (by_hand.name, by_hand.destination_arn) = ("by-hand".to_owned(), destination("two").to_string());
    let plan = teardown(&one, &account, &TeardownOptions::default());
    assert_eq!(plan.kept.len(), 1, "{plan}");
    apply(&one, &mut account, &plan);
    assert!(account.logs_role.is_some());
    assert_eq!(account.groups["/app/b"].filters.len(), 2);
    account.groups.get_mut("/app/b").expect("there").filters.truncate(1);
    run(&one, &mut account, |is| unsubscribed(&one, &groups, is));
    assert_eq!(account, empty_account(&groups));
}

#[test]
fn another_destination_takes_the_place_of_the_one_before() {
    let (one, two) = (member(&one_stack(), "one", false), member(&one_stack(), "two", false));
    let groups = ["/app/a".to_owned(), "/app/b".to_owned()];
    let mut account = empty_account(&groups);
    run(&one, &mut account, |is| subscribed(&one, &groups, is));
    let old = account.clone();
    let plan = name_losses(&two, &account, subscribed(&two, &groups[..1], &account));
    let [step] = &plan.steps[..] else { panic!("one step: {plan}") };
    assert_eq!(step.verb, Verb::Update, "{plan}");
    let shown = plan.to_string();
    assert!(shown.contains(&one.sink_arn()) && shown.contains(&two.sink_arn()), "{shown}");
    assert_eq!(plan.losses.len(), 1, "it is said what the first one no longer gets: {plan:?}");
    apply(&two, &mut account, &plan);
    assert_eq!(account.groups["/app/a"].filters[1].destination_arn, two.sink_arn());
    assert!(subscribed(&two, &groups[..1], &account).is_empty());
    // What is left of the first one goes as well.
    let torn = teardown(&two, &account, &TeardownOptions::default());
    apply(&two, &mut account, &torn);
    assert_eq!(account, empty_account(&groups));

    // One account policy takes the place of the filters, and then moves itself.
    let all =
        |stack: &Stack, is: &Observed| subscribe_all(stack, &policy(stack), is, &FilterOptions::default());
    let mut account = old;
    run(&two, &mut account, |is| all(&two, is));
    assert!(account.groups.values().all(|group| group.filters.len() == 1), "{account:?}");
    let plan = name_losses(&one, &account, all(&one, &account));
    assert!(plan.refused.is_empty() && plan.losses.len() == 1, "{plan}");
    let shown = plan.to_string();
    assert!(shown.contains(&one.sink_arn()) && shown.contains(&two.sink_arn()), "{shown}");
    apply(&one, &mut account, &plan);
    assert_eq!(account.account_policy.as_ref().map(|is| &is.destination_arn), Some(&one.sink_arn()));
    run(&two, &mut account, |is| teardown(&two, is, &TeardownOptions::default()));
    assert_eq!(account, empty_account(&groups));
}

#[test]
fn a_filter_of_our_name_that_leads_to_no_destination_is_somebody_elses() {
    let (member, groups) = (member(&one_stack(), "central", false), vec!["/app/a".to_owned()]);
    let mut account = empty_account(&groups);
    run(&member, &mut account, |is| subscribed(&member, &groups, is));
    let filter = &mut account.groups.get_mut("/app/a").expect("there").filters[1];
    filter.destination_arn = "arn:aws:lambda:eu-west-1:000000000000:function:f".to_owned();
    let plan = subscribed(&member, &groups, &account);
    assert_eq!((plan.steps.len(), plan.refused[0].code), (0, Code::NotOurs), "{plan}");
    assert!(teardown(&member, &account, &TeardownOptions::default()).is_empty());
}

#[test]
fn a_filter_keeps_a_role_that_somebody_gave_it() {
    let (member, groups) = (member(&one_stack(), "central", false), vec!["/app/a".to_owned()]);
    let mut account = empty_account(&groups);
    run(&member, &mut account, |is| subscribed(&member, &groups, is));
    let theirs = Some("arn:aws:iam::000000000000:role/theirs".to_owned());
    account.groups.get_mut("/app/a").expect("there").filters[1].role_arn.clone_from(&theirs);
    assert!(subscribed(&member, &groups, &account).is_empty());
    let specs = filters(&member, &groups, "WARN", 0);
    let plan = subscribe(&member, &specs, &account, &FilterOptions::default());
    let mut account_then = account.clone();
    account_then.logs_role = Some(ObservedRole {
        name: "theirs".to_owned(),
        arn: String::new(),
        path: "/".to_owned(),
        boundary: None,
        trust: serde_json::Value::Null,
        policies: std::collections::BTreeMap::new(),
        attached: Vec::new(),
        tags: crate::stack::Tags::new(),
    });
    apply(&member, &mut account_then, &plan);
    let filter = &account_then.groups["/app/a"].filters[1];
    assert_eq!((&filter.role_arn, filter.pattern.as_str()), (&theirs, "WARN"));
}
