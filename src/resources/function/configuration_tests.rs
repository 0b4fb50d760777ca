//! Configurations that cannot be read are neither none nor in the way.

use cwl2le_forwarder::config::CONFIG_ENV;

use crate::error::Code;
use crate::resources::model::{apply, apply_some};
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::resources::{EnvValue, Stack};
use crate::stack::names::{CODE_TAG, SOURCE_TAG, VERSION_TAG};

fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&["/app/a".to_owned()]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account
}

/// The function as a newer version left it.
fn make_unreadable(account: &mut Observed) {
    let function = account.function.as_mut().expect("made");
    let config = function.environment.get_mut(CONFIG_ENV).expect("a configuration");
    config.0 = config.0.replacen('{', "{\"compression\":\"zstd\",", 1);
    function.tags.insert(VERSION_TAG.to_owned(), "99.0.0".to_owned());
}

fn refusals(plan: &Plan) -> Vec<(Code, String)> {
    plan.refused.iter().map(|refusal| (refusal.code, refusal.reason.clone())).collect()
}

#[test]
fn one_that_another_version_wrote_is_shown_and_replaced_only_by_a_whole_one() {
    let mut stack = one_stack();
    let mut account = account(&stack);
    make_unreadable(&mut account);
    stack.function.config_is_complete = false;
    // The code is another matter.
    stack.function.allow_downgrade = true;
    let refused = refusals(&setup(&stack, &account, false));
    assert_eq!(refused.len(), 1, "{refused:?}");
    let (code, reason) = &refused[0];
    assert_eq!(*code, Code::Unreadable);
    for said in ["unknown field `compression`", "cwl2le 99.0.0 wrote it", env!("CARGO_PKG_VERSION")] {
        assert!(reason.contains(said), "{said}: {reason}");
    }
    // Also where nothing is asked for, as `status` does.
    let mut bare = stack.clone();
    bare.function.config = None;
    assert_eq!(refusals(&setup(&bare, &account, false)), refused);

    stack.function.config_is_complete = true;
    let plan = name_losses(&stack, &account, setup(&stack, &account, false));
    assert!(plan.refused.is_empty(), "{plan}");
    assert!(plan.losses.iter().any(|loss| loss.what.contains("unknown field `compression`")), "{plan}");
    apply(&stack, &mut account, &plan);
    assert!(setup(&stack, &account, false).is_empty());
}

#[test]
fn nobody_is_kept_from_taking_it_down() {
    let stack = one_stack();
    let mut account = account(&stack);
    make_unreadable(&mut account);
    account.function.as_mut().expect("made").hidden_environment =
        Some("KMSDisabledException: disabled".to_owned());
    let plan = name_losses(&stack, &account, teardown(&stack, &account, &TeardownOptions::default()));
    assert!(plan.refused.is_empty() && plan.kept.is_empty(), "{plan}");
    assert!(plan.losses.iter().any(|loss| loss.what.contains("KMSDisabledException")), "{plan}");
    apply(&stack, &mut account, &plan);
    assert_eq!(account, empty_account(&["/app/a".to_owned()]));
}

#[test]
fn variables_that_aws_does_not_show_are_never_written_over() {
    let stack = one_stack();
    let mut account = account(&stack);
    let function = account.function.as_mut().expect("made");
    function.environment.clear();
    function.hidden_environment = Some("AccessDeniedException: no kms:Decrypt".to_owned());
    assert!(stack.function.config_is_complete);
    let refused = refusals(&setup(&stack, &account, false));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].0, Code::Unreadable);
    assert!(refused[0].1.contains("no kms:Decrypt"), "{refused:?}");
}

#[test]
fn one_that_is_gone_is_not_taken_for_none() {
    let mut stack = one_stack();
    let mut account = account(&stack);
    account.function.as_mut().expect("made").environment.clear();
    stack.function.config_is_complete = false;
    for tag in ["", VERSION_TAG, CODE_TAG] {
        let mut account = account.clone();
        account.function.as_mut().expect("made").tags.remove(tag);
        let refused = refusals(&setup(&stack, &account, false));
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert_eq!(refused[0].0, Code::Unreadable);
        assert!(refused[0].1.contains("CWL2LE_CONFIG is gone"), "{refused:?}");
    }
    stack.function.config_is_complete = true;
    let plan = name_losses(&stack, &account, setup(&stack, &account, false));
    assert!(plan.refused.is_empty() && plan.losses.len() == 1, "{plan}");
}

#[test]
fn a_function_that_somebody_deleted_is_not_made_anew_with_a_token_alone() {
    let mut stack = one_stack();
    let mut account = account(&stack);
    account.function = None;
    stack.function.config_is_complete = false;
    stack.function.names_service = false;
    let refused = refusals(&setup(&stack, &account, false));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].0, Code::Unreadable);
    assert!(refused[0].1.contains("its trigger still exists"), "{refused:?}");

    // A teardown or a first setup that was interrupted leaves no trigger, or one that goes.
    for clear in [true, false] {
        let mut account = account.clone();
        account.triggers[0].state = TriggerState::Deleting;
        if clear {
            account.triggers.clear();
        }
        assert_eq!(refusals(&setup(&stack, &account, false)), []);
    }
    stack.function.names_service = true;
    let plan = name_losses(&stack, &account, setup(&stack, &account, false));
    assert!(
        plan.refused.is_empty() && plan.losses.iter().any(|loss| loss.what.contains("all that")),
        "{plan}"
    );
}

#[test]
fn a_takeover_that_was_interrupted_is_completed_by_the_same_command() {
    let mut stack = one_stack();
    let mut account = account(&stack);
    let function = account.function.as_mut().expect("made");
    function.environment.clear();
    function.tags.clear();
    function.code_sha256 = "theirs".to_owned();
    stack.function.config_is_complete = false;
    let plan = setup(&stack, &account, true);
    let total = plan.steps.iter().map(|step| step.actions.len()).sum();
    for count in 0..=total {
        let mut account = account.clone();
        apply_some(&stack, &mut account, &plan, count);
        let again = setup(&stack, &account, true);
        assert!(again.refused.is_empty(), "after {count}: {again}");
        apply(&stack, &mut account, &again);
        assert!(setup(&stack, &account, true).is_empty());
    }
}

#[test]
fn one_that_another_program_never_had_is_made() {
    let mut stack = one_stack();
    let mut account = account(&stack);
    account.function.as_mut().expect("made").environment =
        [("THEIRS".to_owned(), EnvValue("1".to_owned()))].into();
    for tag in [VERSION_TAG, CODE_TAG, SOURCE_TAG] {
        account.function.as_mut().expect("made").tags.remove(tag);
    }
    stack.function.config_is_complete = false;
    let plan = setup(&stack, &account, false);
    assert!(plan.refused.is_empty(), "{plan}");
    stack.function.config = None;
    let refused = refusals(&setup(&stack, &account, false));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].0, Code::Config);
}
