//! Stacks with isolated destinations.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use proptest::prelude::*;
use serde_json::json;

use crate::error::Code;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, one_stack, run, stacks};
use crate::resources::*;
use crate::resources::{AccountPolicy, Distribution, Stack, Start};
use crate::stack::Setting;

const NOW: u64 = 1_790_000_000;
const DAY: u64 = 24 * 3600;

fn config(names: &[&str]) -> Config {
    let of = |name: &str| {
        let token = format!("0000000{}-0000-0000-0000-000000000000", name.len());
        (name.to_owned(), json!({"type": "logentries", "region": "eu", "token": token}))
    };
    let destinations: serde_json::Map<_, _> = names.iter().map(|name| of(name)).collect();
    let route = json!([{"log_group": "/audit/*", "destination": names.last()}]);
    let lines = json!({names[names.len() - 1]: {"format": "json"}});
    let config = json!({"destinations": destinations, "default": names[0], "routes": route, "lines": lines});
    Config::from_json(&config.to_string()).expect("a configuration")
}

/// A stack with the destinations `app`, `audit` and `lake`, of which these are isolated.
pub(crate) fn isolating(mut stack: Stack, isolated: &[&str]) -> Stack {
    stack.function.config = Some(config(&["app", "audit", "lake"]));
    stack.isolation.destinations = isolated.iter().map(|name| (*name).to_owned()).collect();
    stack
}

fn at(time: u64) -> Observed {
    Observed { time: Some(time), ..empty_account(&[]) }
}

fn bring(stack: &Stack, account: &mut Observed) -> Plan {
    let plan = setup(stack, account, false);
    assert!(plan.refused.is_empty(), "{plan}");
    apply(stack, account, &plan);
    plan
}

fn position(plan: &Plan, verb: Verb, kind: Kind, name: &str) -> usize {
    let found = plan.steps.iter().position(|step| {
        (step.verb, step.resource.kind) == (verb, kind) && step.resource.name.ends_with(name)
    });
    found.unwrap_or_else(|| panic!("{verb} {kind} {name} is not in\n{plan}"))
}

fn function_config(account: &Observed, destination: Option<&str>) -> Config {
    let function = match destination {
        None => account.function.as_ref(),
        Some(name) => account.isolated[name].function.as_ref(),
    };
    Config::from_json(&function.expect("a function").environment[CONFIG_ENV].0).expect("readable")
}

fn subsets() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(vec!["audit", "lake"], 0..=2)
}

proptest! {
    /// From any stack to any other, interrupted anywhere: it is reached, and then nothing is left to do. Once nothing
    /// is left in the stream from before, neither is a function that is not wanted; and a teardown leaves nothing.
    #[test]
    fn isolated_destinations_come_and_go(
        stack in stacks(),
        before in subsets(),
        after in subsets(),
        count in 0usize..30,
        pause in prop_oneof![0_u64..100, 1000_u64..5000],
    ) {
        let (before, after) = (isolating(stack.clone(), &before), isolating(stack, &after));
        let mut account = at(NOW);
        bring(&before, &mut account);
        prop_assert!(setup(&before, &account, false).is_empty());
        account.time = Some(NOW + 1000);
        let plan = setup(&after, &account, false);
        apply_some(&after, &mut account, &plan, count);
        account.time = Some(NOW + 1000 + pause);
        bring(&after, &mut account);
        let again = setup(&after, &account, false);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
        let whole = whole_config(&account).expect("readable").expect("a configuration");
        prop_assert_eq!(Some(&whole.config), after.function.config.as_ref());
        prop_assert_eq!(&whole.isolated, &after.isolation.destinations);

        account.time = Some(NOW + 400 * DAY);
        bring(&after, &mut account);
        let names: BTreeSet<String> = account.isolated.keys().cloned().collect();
        prop_assert_eq!(&names, &after.isolation.destinations);
        prop_assert!(function_config(&account, None).schedules.is_empty());
        prop_assert!(setup(&after, &account, false).is_empty());

        account.readers = isolated_functions(&after, &account).into_values().collect();
        account.readers.insert(after.names.function.clone());
        run(&after, &mut account, |is| teardown(&after, is, &TeardownOptions::default()));
        let left = Observed { readers: BTreeSet::new(), ..account };
        prop_assert_eq!(left, at(NOW + 400 * DAY));
    }
}

#[test]
fn each_function_has_the_settings_of_its_own_destinations_only() {
    let stack = isolating(one_stack(), &["lake"]);
    let mut account = at(NOW);
    let plan = bring(&stack, &mut account);
    let main = function_config(&account, None);
    assert_eq!(main.names().collect::<Vec<_>>(), ["app", "audit", "lake"]);
    assert!(!main.destinations.contains_key("lake") && !main.isolated && main.lines.is_empty());
    let own = function_config(&account, Some("lake"));
    assert_eq!(own.destinations.keys().collect::<Vec<_>>(), ["lake"]);
    assert_eq!((own.elsewhere.len(), own.isolated, own.lines.len()), (2, true, 1));
    assert_eq!(own.routes, main.routes);
    assert!(main.schedules.is_empty() && own.schedules.is_empty(), "nothing moves in a new stack");
    assert_eq!(account.isolated["lake"].triggers[0].starting_position, "TRIM_HORIZON");
    let role = account.function_role.as_ref().expect("a role").policies.values().next().expect("a policy");
    // The policy of this stack is made up, and names no log group.
    assert_eq!(role, &stack.function_role.policy);
    let cost: Vec<&String> = plan.notes.iter().filter(|note| note.contains("additional function")).collect();
    assert_eq!(cost.len(), 1, "{:?}", plan.notes);
    assert!(cost[0].contains("cwl-to-logentries-lake") && cost[0].contains("5 reads"), "{cost:?}");
}

#[test]
fn the_function_that_takes_over_is_ready_before_the_other_one_lets_go() {
    let (shared, isolated) = (isolating(one_stack(), &[]), isolating(one_stack(), &["lake"]));
    let mut account = at(NOW);
    bring(&shared, &mut account);
    account.time = Some(NOW + 100);
    let on = bring(&isolated, &mut account);
    let (own, main) = ("cwl-to-logentries-lake", "cwl-to-logentries");
    let reads = position(&on, Verb::Create, Kind::TRIGGER, own);
    assert!(position(&on, Verb::Create, Kind::FUNCTION, own) < reads, "{on}");
    assert!(reads < position(&on, Verb::Update, Kind::ALIAS, &format!("{main}:live")), "{on}");
    let lead = u64::from(isolated.isolation.handover_seconds);
    let moves_at = NOW + 100 + lead;
    assert_eq!(function_config(&account, None).schedules["lake"].changes, [moves_at]);
    let start = Start::At(NOW + 100 - 300).time().expect("a time");
    assert_eq!(account.isolated["lake"].triggers[0].starting_position, start, "from before the change");

    account.time = Some(NOW + 5000);
    let off = setup(&shared, &account, false);
    let last = position(&off, Verb::Update, Kind::ALIAS, &format!("{own}:live"));
    assert!(position(&off, Verb::Update, Kind::ALIAS, &format!("{main}:live")) < last, "{off}");
    let guard = Action::from(function::Action::BeforeHandover { at: NOW + 5000 + lead });
    assert_eq!(off.steps[last].actions[0], guard, "only while that time is ahead");
    assert_eq!(off.planned_at, account.time);
    apply(&shared, &mut account, &off);
    assert_eq!(function_config(&account, None).schedules["lake"].changes, [moves_at, NOW + 5000 + lead]);
    let kept = setup(&shared, &account, false);
    assert!(kept.is_empty() && kept.notes.iter().any(|note| note.contains("removes it after")), "{kept}");
    // Who looks without a clock finds nothing to do either.
    account.time = None;
    assert!(setup(&shared, &account, false).is_empty());
}

#[test]
fn a_destination_that_is_no_more_takes_its_function_along() {
    let mut account = at(NOW);
    bring(&isolating(one_stack(), &["lake"]), &mut account);
    let mut without = one_stack();
    without.function.config = Some(config(&["app", "audit"]));
    let plan = bring(&without, &mut account);
    let gone = position(&plan, Verb::Delete, Kind::FUNCTION, "cwl-to-logentries-lake");
    assert!(position(&plan, Verb::Update, Kind::FUNCTION, "cwl-to-logentries") < gone, "{plan}");
    assert!(account.isolated.is_empty());
}

#[test]
fn functions_of_others_with_such_a_name_are_left_alone() {
    let mut account = at(NOW);
    bring(&isolating(one_stack(), &["lake"]), &mut account);
    let own = account.isolated.get_mut("lake").expect("made");
    own.function.as_mut().expect("made").tags.clear();
    let shared = isolating(one_stack(), &[]);
    assert_eq!(bring(&shared, &mut account).steps.iter().filter(|s| s.verb == Verb::Delete).count(), 0);
    let refused = setup(&isolating(one_stack(), &["lake"]), &account, false).refused;
    assert_eq!(refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::NotOurs]);
}

#[test]
fn the_account_policy_leaves_the_log_of_an_isolated_destination_out_before_it_is_written() {
    let shared = isolating(one_stack(), &[]);
    let mut account = at(NOW);
    bring(&shared, &mut account);
    let spec = crate::resources::AccountPolicySpec {
        name: shared.names.filter.clone(),
        pattern: Setting::asked(String::new()),
        distribution: Setting::asked(Distribution::ByLogStream),
        destination_arn: shared.names.stream_arn(&shared.target),
        role_arn: Some(shared.logs_role.arn.clone()),
        excluded: BTreeSet::new(),
    };
    let excluded = BTreeSet::from([shared.names.function_log_group.clone()]);
    account.account_policy = Some(AccountPolicy::of(&spec, excluded));
    let isolated = isolating(one_stack(), &["lake"]);
    let plan = bring(&isolated, &mut account);
    let policy = position(&plan, Verb::Update, Kind::ACCOUNT_POLICY, &shared.names.filter);
    assert!(policy < position(&plan, Verb::Create, Kind::FUNCTION, "cwl-to-logentries-lake"), "{plan}");
    let log_group = "/aws/lambda/cwl-to-logentries-lake";
    assert!(account.account_policy.as_ref().expect("a policy").excluded.contains(log_group));
    assert!(would_loop(&isolated, &account).contains(log_group));
    assert!(setup(&isolated, &account, false).is_empty());
}

#[test]
fn too_many_readers_are_warned_of() {
    let stack = isolating(one_stack(), &["audit", "lake"]);
    let mut account = at(NOW);
    let warned = |plan: &Plan| plan.notes.iter().any(|note| note.starts_with("warning:"));
    assert!(!warned(&setup(&stack, &account, false)), "three of five");
    account.readers = ["a", "b", "c"].map(ToOwned::to_owned).into();
    assert!(warned(&setup(&stack, &account, false)), "six");
}

/// Each function knows a part. Where one is gone or cannot be read, the rest is not taken for the whole.
#[test]
fn the_configuration_of_a_stack_that_lacks_a_part_is_not_replaced_by_flags() {
    let stack = isolating(one_stack(), &["lake"]);
    let mut whole = at(NOW);
    bring(&stack, &mut whole);
    let garbled = |function: &mut ObservedFunction| {
        function.environment.values_mut().for_each(|value| value.0 = "{\"destinations\":{}}".to_owned());
    };
    type Change<'a> = &'a dyn Fn(&mut Observed);
    let cases: [(Change, &str); 5] = [
        (&|is| drop(is.isolated.remove("lake")), "the function of `lake`"),
        (
            &|is| garbled(is.isolated.get_mut("lake").and_then(|own| own.function.as_mut()).expect("made")),
            "cannot be read",
        ),
        (&|is| is.function = None, "no main function"),
        (&|is| is.function.as_mut().expect("made").environment.clear(), "is gone"),
        (&|is| garbled(is.function.as_mut().expect("made")), "cannot be read"),
    ];
    for (change, said) in cases {
        let mut account = whole.clone();
        change(&mut account);
        let unreadable = whole_config(&account).expect_err(said);
        assert!(unreadable.reason.contains(said), "{said}: {unreadable:?}");
        let mut by_flags = stack.clone();
        by_flags.function.config = Some(config(&["app", "audit"]));
        by_flags.function.config_is_complete = false;
        let plan = setup(&by_flags, &account, false);
        assert_eq!(
            plan.refused.first().map(|refusal| refusal.code),
            Some(Code::Unreadable),
            "{said}: {plan}"
        );
        // The file gives all of it.
        bring(&stack, &mut account);
        assert_eq!(whole_config(&account), whole_config(&whole), "{said}");
    }
}
