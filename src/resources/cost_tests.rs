//! What the changes of a plan cost.

use super::subscriptions::plan_tests::{everything, group};
use super::tests::{empty_account, one_stack, run};
use super::*;
use crate::prices::{GB, HOURS, Lately, Measured, Prices, Used};
use crate::stack::Setting;

/// A stack with one shard, and functions of 1 GB.
fn plain() -> Stack {
    let mut stack = one_stack();
    stack.stream.mode = Setting::asked(StreamMode::Provisioned { shards: 1 });
    stack.stream.retention_hours = Setting::asked(24);
    stack.function.memory_mb = Setting::default(1024);
    stack
}

/// A stack that was set up, beside two log groups that it does not subscribe.
fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account.groups = ["/app/a", "/app/b"].map(|name| (name.to_owned(), group(stack, 0))).into();
    account
}

/// A month in which functions of so many MB each worked for a million GB-seconds at 1 GB, and sent 10 GB.
fn used(memory_mb: &[u32]) -> Measured {
    let of = |memory_mb: &u32| Used {
        memory_mb: *memory_mb,
        milliseconds: 1e9,
        bytes_out: Some(10.0 * GB),
        ..Used::default()
    };
    Measured { seconds: HOURS * 3600.0, functions: memory_mb.iter().map(of).collect(), ..Measured::default() }
}

fn cost_of(stack: &Stack, account: &Observed, plan: &Plan, lately: Option<&Lately>) -> Vec<(String, i64)> {
    let cost = cost(stack, account, plan, lately, &Prices::of_region("us-east-1"));
    #[expect(clippy::cast_possible_truncation, reason = "cents")]
    let part = |part: crate::plan::Difference| (part.what, (part.usd * 100.0).round() as i64);
    cost.differences.into_iter().map(part).collect()
}

#[test]
fn more_memory_costs_more_lambda_time() {
    let mut stack = plain();
    let account = account(&stack);
    let is = account.function.as_ref().expect("a function").memory_mb;
    stack.function.memory_mb = Setting::asked(is * 2);
    let plan = setup(&stack, &account, false);
    let lately = Lately { used: used(&[is]), logged: 0.0 };
    let before = f64::from(is) / 1024.0 * 1e6 * 0.000_016_666_7;
    #[expect(clippy::cast_possible_truncation, reason = "cents")]
    let cents = (before * 100.0).round() as i64;
    assert!(depends_on_use(&stack, &account, &plan));
    let wanted = [("Lambda time".to_owned(), cents)];
    assert_eq!(cost_of(&stack, &account, &plan, Some(&lately)), wanted);
    assert_eq!(cost_of(&stack, &account, &plan, None), [], "it cannot be known without what was used");
    stack.function.memory_mb = Setting::default(is * 2);
    let plan = setup(&stack, &account, false);
    assert!(!depends_on_use(&stack, &account, &plan), "what is there stays: {plan:?}");
}

#[test]
fn a_function_of_its_own_costs_as_much_time_and_sends_nothing_twice() {
    let stack = plain();
    let account = account(&stack);
    let mut plan = Plan::default();
    let mut draft = Draft::new(Stage::Function, Kind::FUNCTION, "own", Verb::Create);
    draft.act(function::Action::Delete { name: "any".to_owned() });
    draft.finish(&mut plan);
    let lately = Lately { used: used(&[1024]), logged: 0.0 };
    let more = cost_of(&stack, &account, &plan, Some(&lately));
    assert_eq!(more, [("Lambda time".to_owned(), 1667)]);
    let mut plan = Plan::default();
    let mut draft = Draft::new(Stage::Function, Kind::FUNCTION, "own", Verb::Delete);
    draft.act(function::Action::Delete { name: "own".to_owned() });
    draft.finish(&mut plan);
    let lately = Lately { used: used(&[1024, 1024]), logged: 0.0 };
    let less = cost_of(&stack, &account, &plan, Some(&lately));
    assert_eq!(less, [("Lambda time".to_owned(), -1667)]);
}

#[test]
fn log_groups_cost_what_they_log_unless_they_are_subscribed_already() {
    let stack = plain();
    let mut account = account(&stack);
    let everything = everything(&stack, "", None, &[]);
    let plan = subscribe_all(&stack, &everything, &account, &FilterOptions::default());
    let new: Vec<&String> = new_log_groups(&stack, &account, &plan).into_iter().collect();
    assert_eq!(new, ["/app/a", "/app/b"]);
    let lately = Lately { used: used(&[1024]), logged: 100.0 * GB };
    // 100 GB out of AWS; 10 GB of PUT payload units are 0.39 million of them, half a cent.
    let more = cost_of(&stack, &account, &plan, Some(&lately));
    assert_eq!(more, [("data out".to_owned(), 900), ("PUT payload units".to_owned(), 1)]);

    account.account_policy = Some(AccountPolicy::of(&everything, ["/app/b".to_owned()].into()));
    let plan = subscribe_all(&stack, &everything, &account, &FilterOptions::default());
    assert!(!new_log_groups(&stack, &account, &plan).contains(&"/app/a".to_owned()));
}
