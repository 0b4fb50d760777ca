//! Functions that AWS failed to make or to update, or that somebody changed.

use proptest::prelude::*;

use super::model::{apply, apply_some};
use super::tests::{empty_account, one_stack, run, stacks};
use super::*;
use crate::stack::{EnvValue, Stack};

fn creation_failed() -> FunctionFailure {
    FunctionFailure::Creation("The KMS key is disabled".to_owned())
}

/// An account with the whole stack, whose function is in this state.
fn account_with(stack: &Stack, failure: FunctionFailure) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account.function.as_mut().expect("made").failure = Some(failure);
    account
}

fn function_step(plan: &Plan) -> &Step {
    plan.steps.iter().find(|step| step.resource.kind == Kind::Function).expect("the function changes")
}

proptest! {
    /// A function that could never work is replaced, whatever else differs, and then all is well.
    #[test]
    fn a_function_that_was_never_made_is_made_anew(before in stacks(), after in stacks(), count in 0usize..6) {
        let mut account = account_with(&before, creation_failed());
        let plan = setup(&after, &account, false);
        prop_assert!(plan.refused.is_empty(), "{plan}");
        prop_assert_eq!(function_step(&plan).verb, Verb::Replace);
        // Also when it was interrupted between the deletion and the creation.
        apply_some(&after, &mut account, &plan, count);
        run(&after, &mut account, |is| setup(&after, is, false));
        let again = setup(&after, &account, false);
        prop_assert!(again.is_empty() && again.refused.is_empty(), "{again}");
        let torn = { run(&after, &mut account, |is| teardown(&after, is, &TeardownOptions::default())); account };
        prop_assert_eq!(torn, empty_account(&[]));
    }

    /// An update that failed is made again, whatever else differs.
    #[test]
    fn a_failed_update_is_made_again(before in stacks(), after in stacks()) {
        let mut account = account_with(&before, FunctionFailure::Update("throttled by EC2".to_owned()));
        let plan = setup(&after, &account, false);
        prop_assert_eq!(function_step(&plan).verb, Verb::Update);
        apply(&after, &mut account, &plan);
        let again = setup(&after, &account, false);
        prop_assert!(again.is_empty(), "{again}");
    }
}

#[test]
fn a_replacement_keeps_what_was_not_asked_for() {
    let stack = one_stack();
    let mut account = account_with(&stack, creation_failed());
    let function = account.function.as_mut().expect("made");
    function.environment.insert("THEIRS".to_owned(), EnvValue("1".to_owned()));
    function.reserved_concurrency = Some(7);
    let mut wanted = stack.clone();
    // A setup that says nothing of these.
    wanted.function.config = None;
    wanted.function.memory_mb.explicit = false;
    wanted.function.memory_mb.value += 1;
    wanted.function.reserved_concurrency = None;
    let before = account.function.clone().expect("made");
    run(&wanted, &mut account, |is| setup(&wanted, is, false));
    let after = account.function.expect("made anew");
    assert_eq!(after, ObservedFunction { failure: None, ..before });
}

#[test]
fn a_function_of_others_that_was_never_made_is_left_to_them() {
    let stack = one_stack();
    let mut account = account_with(&stack, creation_failed());
    account.function.as_mut().expect("made").tags.clear();
    for adopt in [false, true] {
        let plan = setup(&stack, &account, adopt);
        assert!(plan.steps.iter().all(|step| step.resource.kind != Kind::Function), "{plan}");
        let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
        assert_eq!(refusal.code, Code::NotOurs);
    }
    let plan = setup(&stack, &account, true);
    assert!(plan.refused[0].reason.contains("The KMS key is disabled"), "{plan}");
}

#[test]
fn a_replacement_is_shown_with_its_reason() {
    let stack = one_stack();
    let account = account_with(&stack, creation_failed());
    insta::assert_snapshot!(setup(&stack, &account, false));
}

#[test]
fn a_forwarder_that_logs_elsewhere_is_brought_back() {
    let stack = one_stack();
    let mut account = account_with(&stack, FunctionFailure::Update(String::new()));
    let function = account.function.as_mut().expect("made");
    (function.failure, function.log_group) = (None, Some("/app/b".to_owned()));
    let plan = setup(&stack, &account, false);
    let [field] = &function_step(&plan).fields[..] else { panic!("one field: {plan}") };
    assert_eq!(field.to_string(), "log group: /app/b -> /aws/lambda/cwl-to-logentries");
    apply(&stack, &mut account, &plan);
    assert!(setup(&stack, &account, false).is_empty());
}

#[test]
fn what_keeps_a_function_from_delivering_is_put_right_or_refused() {
    let mut stack = one_stack();
    stack.function.timeout_seconds.explicit = false;
    stack.function.reserved_concurrency = None;
    let mut account = account_with(&stack, FunctionFailure::Update("x".to_owned()));
    account.function.as_mut().expect("made").failure = None;
    assert!(setup(&stack, &account, false).is_empty());

    let function = account.function.as_mut().expect("made");
    (function.timeout_seconds, function.reserved_concurrency) = (1, Some(0));
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let function = account.function.as_mut().expect("made");
    assert_eq!(function.timeout_seconds, stack.function.timeout_seconds.value);
    assert_eq!(function.reserved_concurrency, None);
    assert!(setup(&stack, &account, false).is_empty());

    // Without a token this time nobody knows what it was to do.
    stack.function.config = None;
    assert!(setup(&stack, &account, false).is_empty());
    for (garbage, code) in [(None, Code::Config), (Some("{"), Code::Unreadable)] {
        let environment = &mut account.function.as_mut().expect("made").environment;
        environment.clear();
        environment.extend(garbage.map(|text| ("CWL2LE_CONFIG".to_owned(), EnvValue(text.to_owned()))));
        let plan = setup(&stack, &account, false);
        let codes: Vec<Code> = plan.refused.iter().map(|refusal| refusal.code).collect();
        assert_eq!(codes, [code], "{plan}");
    }
}

#[test]
fn a_trigger_that_holds_records_back_is_put_right_and_a_second_one_refused() {
    let stack = one_stack();
    let mut account = account_with(&stack, FunctionFailure::Update("x".to_owned()));
    account.function.as_mut().expect("made").failure = None;
    account.triggers[0].is_filtered = true;
    account.triggers[0].tumbling_window_seconds = 60;
    let plan = setup(&stack, &account, false);
    assert!(plan.to_string().contains("filter criteria: some -> none"), "{plan}");
    apply(&stack, &mut account, &plan);
    assert!(setup(&stack, &account, false).is_empty());

    let by_alias = ObservedTrigger { qualifier: Some("live".to_owned()), ..account.triggers[0].clone() };
    account.triggers.insert(0, by_alias);
    let plan = setup(&stack, &account, false);
    let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
    assert!(refusal.resource.name.ends_with("cwl-to-logentries:live") && plan.is_empty(), "{plan}");

    account.triggers.remove(0);
    let role = account.function_role.as_mut().expect("made");
    role.policies.insert("theirs".to_owned(), serde_json::json!({}));
    assert!(setup(&stack, &account, false).notes[0].contains("theirs"));
}
