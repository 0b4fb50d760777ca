//! Functions that AWS failed to make or to update, or that somebody changed.

use proptest::prelude::*;

use crate::error::Code;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, one_stack, run, stacks};
use crate::resources::*;
use crate::resources::{EnvValue, Stack};

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
    plan.steps.iter().find(|step| step.resource.kind == Kind::FUNCTION).expect("the function changes")
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
    let (versions, aliases) = (after.versions.clone(), after.aliases.clone());
    assert_eq!(after, ObservedFunction { failure: None, versions, aliases, ..before });
}

#[test]
fn a_function_of_others_that_was_never_made_is_left_to_them() {
    let stack = one_stack();
    let mut account = account_with(&stack, creation_failed());
    account.function.as_mut().expect("made").tags.clear();
    for adopt in [false, true] {
        let plan = setup(&stack, &account, adopt);
        assert!(plan.steps.iter().all(|step| step.resource.kind != Kind::FUNCTION), "{plan}");
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
    for (garbage, code) in [(None, Code::Unreadable), (Some("{"), Code::Unreadable)] {
        let environment = &mut account.function.as_mut().expect("made").environment;
        environment.clear();
        environment.extend(garbage.map(|text| ("CWL2LE_CONFIG".to_owned(), EnvValue(text.to_owned()))));
        let plan = setup(&stack, &account, false);
        let codes: Vec<Code> = plan.refused.iter().map(|refusal| refusal.code).collect();
        assert_eq!(codes, [code], "{plan}");
    }
}

#[test]
fn a_trigger_that_holds_records_back_is_put_right_and_a_second_one_is_refused() {
    let stack = one_stack();
    let mut account = account_with(&stack, FunctionFailure::Update("x".to_owned()));
    account.function.as_mut().expect("made").failure = None;
    account.triggers[0].is_filtered = true;
    account.triggers[0].tumbling_window_seconds = 60;
    let plan = setup(&stack, &account, false);
    assert!(plan.to_string().contains("filter criteria: yes -> no"), "{plan}");
    apply(&stack, &mut account, &plan);
    assert!(setup(&stack, &account, false).is_empty());

    let by_alias = ObservedTrigger { qualifier: Some("prod".to_owned()), ..account.triggers[0].clone() };
    account.triggers.insert(0, by_alias);
    let plan = setup(&stack, &account, false);
    let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
    assert!(refusal.resource.name.ends_with("cwl-to-logentries:prod") && plan.is_empty(), "{plan}");
    assert!(refusal.hint.contains("no line is lost"), "{plan}");

    account.triggers.remove(0);
    let role = account.function_role.as_mut().expect("made");
    role.policies.insert("theirs".to_owned(), serde_json::json!({}));
    assert!(setup(&stack, &account, false).notes[0].contains("theirs"));
}

fn starts(plan: &Plan) -> Vec<(Stage, Verb, usize)> {
    let is_start = |action: &Action| matches!(action, Action::Alias(alias::Action::Start { .. }));
    let steps = plan.steps.iter().filter(|step| step.actions.iter().any(is_start));
    let from_the_end = |step: &Step| step.actions.iter().rev().position(is_start).unwrap_or(usize::MAX);
    steps.map(|step| (step.stage, step.verb, from_the_end(step))).collect()
}

#[test]
fn a_function_is_started_after_every_change_that_it_needs_and_before_it_gets_records() {
    let stack = one_stack();
    let mut account = empty_account(&[]);
    let plan = setup(&stack, &account, false);
    assert_eq!(starts(&plan), [(Stage::Function, Verb::Create, 0)], "{plan}");
    apply(&stack, &mut account, &plan);
    assert!(setup(&stack, &account, false).is_empty());
    let checked = [(Stage::Function, Verb::Check, 0)];

    let mut is = account.clone();
    is.function.as_mut().expect("made").environment.clear();
    assert_eq!(starts(&setup(&stack, &is, false)), [(Stage::Function, Verb::Update, 0)]);
    let mut is = account.clone();
    is.function_role.as_mut().expect("made").policies.clear();
    let plan = setup(&stack, &is, false);
    assert_eq!(starts(&plan), checked, "{plan}");
    assert!(!plan.unchanged.iter().any(|unchanged| unchanged.kind == Kind::FUNCTION), "{plan}");
    assert!(plan.to_string().contains("? check function cwl-to-logentries"), "{plan}");
    // A run that ended before it made the trigger may have ended because the function could not start.
    let mut is = account.clone();
    is.triggers.clear();
    assert_eq!(starts(&setup(&stack, &is, false)), checked);

    // What the function does not need is no reason.
    let mut is = account.clone();
    is.logs_role.as_mut().expect("made").policies.clear();
    is.stream.as_mut().expect("made").tags.clear();
    assert_eq!(starts(&setup(&stack, &is, true)), []);
}
