//! What `doctor` says of a destination that somebody changed.

use serde_json::json;

use super::super::evidence::{Evidence, Planned};
use super::super::finding::{Command, Finding, State};
use super::accounts::CATEGORY;
use crate::health::fixture::quiet;
use crate::resources::tests::one_stack;
use crate::resources::{Accepted, Observed, ObservedDestination, ObservedRole, Stack, setup};
use crate::settings::bare_stack;
use crate::stack::{RoleScope, StackName};

fn accounts(ids: &[&str]) -> Accepted {
    Accepted::Accounts(ids.iter().map(|id| (*id).to_owned()).collect())
}

/// The stack that a run without flags wants of an account.
fn as_it_is(observed: &Observed) -> Stack {
    let whole = one_stack();
    let bare = bare_stack(&StackName::default(), &whole.target, RoleScope::Plain, observed);
    Stack { function: whole.function, ..bare }
}

/// An account whose destination accepts two others.
fn two_accepted() -> Observed {
    let stack = as_it_is(&Observed::default());
    let accepted = accounts(&["111111111111", "222222222222"]);
    let role = &stack.accounts.role;
    Observed {
        accounts_role: Some(ObservedRole {
            name: role.name.clone(),
            arn: role.arn.clone(),
            path: role.path.clone(),
            boundary: None,
            trust: accepted.trust(&stack.target),
            policies: [(role.policy_name.clone(), role.policy.clone())].into(),
            attached: Vec::new(),
            tags: stack.tags.clone(),
        }),
        destination: Some(ObservedDestination {
            arn: stack.destination_arn(),
            stream_arn: stack.names.stream_arn(&stack.target),
            role_arn: role.arn.clone(),
            policy: Some(accepted.policy(&stack.target, &stack.destination_arn())),
            tags: stack.tags.clone(),
        }),
        ..Observed::default()
    }
}

fn judge(check: &str, observed: Observed, file: Option<Accepted>) -> Option<Finding> {
    let stack = as_it_is(&observed);
    let plan = setup(&stack, &observed, false);
    let mut signals = quiet();
    signals.chain.names = stack.names.clone();
    signals.chain.target = stack.target.clone();
    // With its function, so that `setup` needs nothing else.
    let function = signals.chain.observed.function.take();
    signals.chain.observed = Observed { function, ..observed };
    let evidence = Evidence {
        signals: Ok(signals),
        plan: Ok(Planned { stack, plan }),
        accepted: file,
        ..Evidence::default()
    };
    let check = CATEGORY.checks.iter().find(|known| known.name == check).expect("a check");
    let mut findings = (check.judge)(&evidence).unwrap_or_else(|unknown| vec![unknown]);
    assert!(findings.len() < 2, "{findings:?}");
    findings.pop()
}

fn said(check: &str, observed: Observed, file: Option<Accepted>) -> (State, String) {
    let found = judge(check, observed, file).expect("a finding");
    (found.state, found.found)
}

#[test]
fn a_destination_as_it_should_be_is_fine_with_and_without_a_file() {
    let same = Some(accounts(&["111111111111", "222222222222"]));
    for file in [None, same] {
        for check in ["accounts-trusted", "accounts-accepted"] {
            let (state, found) = said(check, two_accepted(), file.clone());
            assert_eq!(state, State::Ok, "{check}: {found}");
        }
    }
    assert!(
        judge("accounts-accepted", Observed::default(), None).is_none(),
        "no destination, and none asked for"
    );
}

#[test]
fn a_deleted_destination_is_a_fault_that_names_both_ways_out() {
    let deleted = || Observed { destination: None, ..two_accepted() };
    let found = judge("accounts-accepted", deleted(), None).expect("a finding");
    assert_eq!(found.state, State::Fault);
    let advice = found.advice.expect("advice");
    assert!(advice.contains("--accept-accounts 111111111111,222222222222"), "{advice}");
    // A file that asks for it leaves no doubt.
    for observed in [deleted(), Observed::default()] {
        let found =
            judge("accounts-accepted", observed, Some(accounts(&["111111111111"]))).expect("a finding");
        assert_eq!(found.state, State::Fault);
        assert!(found.found.contains("the configuration file accepts 111111111111"), "{}", found.found);
    }
    let mut foreign = deleted();
    foreign.accounts_role.as_mut().expect("a role").tags.clear();
    assert!(judge("accounts-accepted", foreign, None).is_none());
}

#[test]
fn one_that_was_moved_is_a_fault_that_setup_fixes() {
    let mut moved = two_accepted();
    moved.destination.as_mut().expect("there").stream_arn += "-elsewhere";
    let found = judge("accounts-accepted", moved, None).expect("a finding");
    assert_eq!((found.state, found.found.contains("leads to another stream")), (State::Fault, true));
    assert_eq!(found.fix, [Command::setup()]);
}

#[test]
fn an_account_that_somebody_added_is_told_by_the_role_and_by_the_file() {
    let mut added = two_accepted();
    let stack = as_it_is(&added);
    let three = accounts(&["111111111111", "222222222222", "333333333333"]);
    added.destination.as_mut().expect("there").policy =
        Some(three.policy(&stack.target, &stack.destination_arn()));
    let trusted = judge("accounts-trusted", added.clone(), None).expect("a finding");
    assert_eq!(trusted.state, State::Fault);
    assert!(
        trusted
            .details
            .iter()
            .any(|line| line.contains("names 333333333333, the role does not: setup would trust")),
        "{:?}",
        trusted.details
    );
    let two = accounts(&["111111111111", "222222222222"]);
    let (state, found) = said("accounts-accepted", added, Some(two));
    assert_eq!(state, State::Fault);
    assert!(found.ends_with("the configuration file says 111111111111, 222222222222"), "{found}");
}

#[test]
fn who_is_accepted_by_another_policy_or_by_none_is_not_known() {
    let other = json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "logs:*",
        "Condition": { "StringLike": { "aws:PrincipalOrgID": "o-*" } } }] });
    for (policy, expected) in [(Some(other), State::Warn), (None, State::Fault)] {
        let mut changed = two_accepted();
        changed.destination.as_mut().expect("there").policy = policy;
        assert_eq!(said("accounts-accepted", changed.clone(), None).0, expected);
        assert_eq!(said("accounts-trusted", changed.clone(), None).0, State::Unknown);
        // The role may still lack what the stream's key takes.
        changed.accounts_role.as_mut().expect("a role").policies.clear();
        assert_eq!(said("accounts-trusted", changed, None).0, State::Fault);
    }
}
