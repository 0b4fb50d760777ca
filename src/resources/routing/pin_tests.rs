//! Destinations that are pinned: unknown ones, and ones that go.

use cwl2le_forwarder::config::Config;
use serde_json::json;

use crate::error::Code;
use crate::resources::model::apply;
use crate::resources::subscriptions::plan_tests::everything;
use crate::resources::tests::{empty_account, filters, one_stack, run};
use crate::resources::*;
use crate::resources::{FilterSpec, Stack};

fn config(names: &[&str]) -> Option<Config> {
    let one = json!({"type": "logentries", "region": "eu", "token": {"ssm": "/a"}});
    let destinations: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), one.clone())).collect();
    Config::from_json(&json!({"destinations": destinations, "default": names[0]}).to_string()).ok()
}

fn pinned(stack: &Stack, pin: &str) -> Subscriptions {
    let name = format!("{}{pin}", stack.names.filter);
    let specs = filters(stack, &["/app/b".to_owned()], "", 0);
    let filters = specs.into_iter().map(|spec| FilterSpec { name: name.clone(), ..spec }).collect();
    Subscriptions { filters, account_policy: None }
}

fn plan(stack: &Stack, account: &Observed, wanted: &Subscriptions) -> Plan {
    let options = FilterOptions::default();
    let filters = bring_subscriptions(stack, wanted, account, &options);
    keep_pins(stack, account, setup(stack, account, false).and(filters))
}

/// A stack with two destinations, one of them pinned by a filter.
fn account() -> (Stack, Observed) {
    let mut stack = one_stack();
    stack.function.config = config(&["app", "audit"]);
    let mut account = empty_account(&["/app/b".to_owned()]);
    run(&stack, &mut account, |is| plan(&stack, is, &pinned(&stack, "@audit")));
    assert!(plan(&stack, &account, &pinned(&stack, "@audit")).is_empty());
    (stack, account)
}

fn codes(plan: &Plan) -> Vec<Code> {
    plan.refused.iter().map(|refusal| refusal.code).collect()
}

#[test]
fn a_filter_that_pins_what_the_forwarder_does_not_have_is_refused() {
    let (stack, account) = account();
    let ghost = plan(&stack, &account, &pinned(&stack, "@ghost"));
    assert_eq!(codes(&ghost), [Code::Usage], "{ghost}");
    assert!(ghost.refused[0].reason.contains("app, audit"), "{ghost}");
    let all = everything(&stack, "@ghost", None, &[]);
    let all = Subscriptions { account_policy: Some(all), ..Subscriptions::default() };
    assert_eq!(codes(&plan(&stack, &account, &all)), [Code::Usage]);
}

#[test]
fn a_destination_that_is_pinned_does_not_go() {
    let (mut stack, account) = account();
    stack.function.config = config(&["app"]);
    assert_eq!(
        crate::resources::routing::pins::leaving_destinations(&stack, &account),
        ["audit".to_owned()].into()
    );
    let nothing_said = subscribe(&stack, &[], &account, &FilterOptions::default());
    let refused = keep_pins(&stack, &account, setup(&stack, &account, false).and(nothing_said));
    assert_eq!(codes(&refused), [Code::InUse], "{refused}");
    assert!(refused.refused[0].reason.contains("/app/b -> cloudwatchLogsFilter@audit"), "{refused}");
}

#[test]
fn filters_go_before_the_function_forgets_their_destination() {
    let (mut stack, account) = account();
    stack.function.config = config(&["app"]);
    for wanted in [Subscriptions::default(), pinned(&stack, ""), pinned(&stack, "@app")] {
        let mut account = account.clone();
        let plan_of = |is: &Observed| plan(&stack, is, &wanted);
        let made = plan_of(&account);
        assert_eq!(codes(&made), [], "{made}");
        assert_eq!(made.steps.last().map(|step| step.resource.kind), Some(Kind::ALIAS), "{made}");
        apply(&stack, &mut account, &made);
        assert!(plan_of(&account).is_empty());
    }
    // What changes from one that goes to one that is new needs both for a while.
    stack.function.config = config(&["app", "new"]);
    assert_eq!(codes(&plan(&stack, &account, &pinned(&stack, "@new"))), [Code::InUse]);
}
