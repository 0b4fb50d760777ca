//! Plans for other accounts.

use serde_json::json;

use super::action::Action;
use super::desired::Accepted;
use crate::error::Code;
use crate::resources::model::apply;
use crate::resources::tests::{empty_account, one_stack};
use crate::resources::{
    Action as AnyAction, Kind, Observed, Plan, Stack, TeardownOptions, Verb, setup, teardown,
};

fn accounts(ids: &[&str]) -> Accepted {
    Accepted::Accounts(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn organization() -> Accepted {
    Accepted::Organization("o-a1b2c3d4e5".to_owned())
}

fn accepting(accepted: Option<Accepted>) -> Stack {
    let mut stack = one_stack();
    stack.accounts.role.trust = accepted.as_ref().map(|is| is.trust(&stack.target)).unwrap_or_default();
    stack.accounts.accepted = accepted;
    stack
}

/// An account in which this stack was set up.
fn set_up(accepted: Option<Accepted>) -> Observed {
    let stack = accepting(accepted);
    let mut account = empty_account(&[]);
    let plan = setup(&stack, &account, false);
    apply(&stack, &mut account, &plan);
    account
}

/// What is done to the destination and its role, in order.
fn steps(plan: &Plan) -> Vec<String> {
    let names = one_stack().names;
    let is_about = [&names.destination, &names.accounts_role];
    let steps = plan.steps.iter().filter(|step| is_about.contains(&&step.resource.name));
    steps.map(|step| format!("{} {}", step.verb, step.resource.kind)).collect()
}

fn policies(plan: &Plan) -> Vec<(Option<Accepted>, bool)> {
    let actions = plan.steps.iter().flat_map(|step| &step.actions);
    let policy = |action: &AnyAction| match action {
        AnyAction::LogsDestination(Action::SetPolicy { policy, force, .. }) => {
            Some((Accepted::of_policy(policy), *force))
        }
        _ => None,
    };
    actions.filter_map(policy).collect()
}

#[test]
fn the_role_comes_before_the_destination_and_goes_after_it() {
    let stack = accepting(Some(accounts(&["111111111111"])));
    let plan = setup(&stack, &empty_account(&[]), false);
    assert_eq!(steps(&plan), ["create role", "create logs destination"]);
    let at = |kind| plan.steps.iter().position(|step| step.resource.kind == kind);
    assert!(at(Kind::TRIGGER) < at(Kind::LOGS_DESTINATION), "no record comes before a function reads it");

    let account = set_up(stack.accounts.accepted.clone());
    let nobody = setup(&accepting(Some(Accepted::Nobody)), &account, false);
    assert_eq!(steps(&nobody), ["delete logs destination", "delete role"]);
    let torn = teardown(&stack, &account, &TeardownOptions::default());
    assert_eq!(steps(&torn), ["delete logs destination", "delete role"]);
    for plan in [nobody, torn] {
        let plan = crate::resources::name_losses(&stack, &account, plan);
        let lost = plan.losses.iter().find(|loss| loss.resource.kind == Kind::LOGS_DESTINATION);
        assert_eq!(lost.map(|loss| loss.what.as_str()), Some("what 111111111111 send from now on"));
    }
}

#[test]
fn who_asks_for_nothing_keeps_what_is_there() {
    let account = set_up(Some(accounts(&["111111111111"])));
    let plan = setup(&accepting(None), &account, false);
    assert!(steps(&plan).is_empty(), "{plan}");
    assert!(steps(&setup(&accepting(Some(Accepted::Nobody)), &empty_account(&[]), false)).is_empty());
}

#[test]
fn from_accounts_to_an_organization_the_policy_is_forced_and_members_are_named_first() {
    let account = set_up(Some(accounts(&["111111111111"])));
    let plan = setup(&accepting(Some(organization())), &account, false);
    assert_eq!(policies(&plan), [(Some(organization()), true)]);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("subscribe --to-destination") && notes.contains("aws:SourceOrgID"), "{notes}");
    let back = setup(&accepting(Some(accounts(&["222222222222"]))), &set_up(Some(organization())), false);
    assert_eq!(policies(&back), [(Some(accounts(&["222222222222"])), false)]);
    assert_eq!(steps(&back), ["update role", "update logs destination"]);
}

#[test]
fn a_trust_that_somebody_narrowed_is_repaired() {
    let stack = accepting(Some(accounts(&["111111111111"])));
    let mut account = set_up(stack.accounts.accepted.clone());
    account.accounts_role.as_mut().expect("made").trust = stack.logs_role.trust.clone();
    let plan = setup(&stack, &account, false);
    assert_eq!(steps(&plan), ["update role"]);
    apply(&stack, &mut account, &plan);
    assert!(steps(&setup(&stack, &account, false)).is_empty());
}

#[test]
fn one_of_somebody_else_is_refused_or_adopted_and_never_deleted() {
    let stack = accepting(Some(accounts(&["111111111111"])));
    let mut account = set_up(stack.accounts.accepted.clone());
    let is = account.destination.as_mut().expect("made");
    is.tags.clear();
    is.stream_arn += "-of-others";
    let plan = setup(&stack, &account, false);
    let refused: Vec<_> = plan.refused.iter().map(|refused| (refused.resource.kind, refused.code)).collect();
    assert_eq!(refused, [(Kind::LOGS_DESTINATION, Code::NotOurs)]);
    let adopted = setup(&stack, &account, true);
    let verb =
        |plan: &Plan| plan.steps.iter().find(|s| s.resource.kind == Kind::LOGS_DESTINATION).map(|s| s.verb);
    assert_eq!(verb(&adopted), Some(Verb::Adopt));
    for plan in [
        setup(&accepting(Some(Accepted::Nobody)), &account, false),
        teardown(&stack, &account, &TeardownOptions::default()),
    ] {
        assert_eq!(verb(&plan), None);
    }
}

#[test]
fn what_an_interrupted_run_left_is_completed_and_removed() {
    let stack = accepting(Some(accounts(&["111111111111"])));
    let mut account = set_up(stack.accounts.accepted.clone());
    let is = account.destination.as_mut().expect("made");
    (is.policy, is.tags) = (None, crate::stack::Tags::new());
    let removed = teardown(&stack, &account, &TeardownOptions::default());
    assert_eq!(steps(&removed), ["delete logs destination", "delete role"]);
    let unasked = setup(&accepting(None), &account, false);
    assert!(unasked.notes.iter().any(|note| note.contains("nobody may send")), "{:?}", unasked.notes);
    let plan = setup(&stack, &account, false);
    assert_eq!(steps(&plan), ["update logs destination"]);
    apply(&stack, &mut account, &plan);
    assert!(steps(&setup(&stack, &account, false)).is_empty());
}

#[test]
fn a_policy_that_no_setting_can_say_stays() {
    let mut account = set_up(Some(accounts(&["111111111111"])));
    account.destination.as_mut().expect("made").policy = Some(json!({ "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "logs:*", "Condition": { "StringLike": { "aws:PrincipalOrgID": "o-*" } },
    }] }));
    let plan = setup(&accepting(None), &account, false);
    assert!(
        steps(&plan).is_empty()
            && plan.notes.iter().any(|note| note.contains("is not one that cwl2le writes"))
    );
}

#[test]
fn a_role_whose_destination_somebody_deleted_is_removed_or_used_again() {
    let accepted = Some(accounts(&["111111111111"]));
    let account = Observed { destination: None, ..set_up(accepted.clone()) };
    let unasked = setup(&accepting(None), &account, false);
    assert_eq!(steps(&unasked), ["delete role"]);
    assert!(unasked.notes.iter().any(|note| note.contains("--accept-accounts 111111111111")), "{unasked}");
    let mut gone = account.clone();
    apply(&accepting(None), &mut gone, &unasked);
    assert!(steps(&setup(&accepting(None), &gone, false)).is_empty());
    assert_eq!(steps(&setup(&accepting(accepted), &account, false)), ["create logs destination"]);
    let mut foreign = account;
    foreign.accounts_role.as_mut().expect("made").tags.clear();
    assert!(steps(&setup(&accepting(None), &foreign, false)).is_empty(), "it belongs to somebody else");
}

#[test]
fn where_nobody_knows_who_is_accepted_stream_role_and_rights_are_still_repaired() {
    let mut account = set_up(Some(accounts(&["111111111111"])));
    let is = account.destination.as_mut().expect("made");
    is.policy = Some(json!("not JSON"));
    is.stream_arn += "-of-others";
    let role = account.accounts_role.as_mut().expect("made");
    role.policies.clear();
    let trust = role.trust.clone();
    let plan = setup(&accepting(None), &account, false);
    assert_eq!(steps(&plan), ["update role", "update logs destination"]);
    apply(&accepting(None), &mut account, &plan);
    assert_eq!(account.accounts_role.as_ref().map(|role| &role.trust), Some(&trust));
    assert_eq!(account.destination.as_ref().and_then(|is| is.policy.clone()), Some(json!("not JSON")));
    assert!(steps(&setup(&accepting(None), &account, false)).is_empty());
}

#[test]
fn one_of_another_stack_is_nothing_to_a_setup_that_does_not_ask_for_accounts() {
    let mut account = set_up(Some(accounts(&["111111111111"])));
    let is = account.destination.as_mut().expect("made");
    is.tags.insert(crate::stack::names::STACK_TAG.to_owned(), "other".to_owned());
    let plan = setup(&accepting(None), &account, false);
    assert!(plan.refused.is_empty() && steps(&plan).is_empty(), "{plan}");
    let torn = teardown(&one_stack(), &account, &TeardownOptions::default());
    let kept: Vec<_> = torn.kept.iter().map(|kept| kept.resource.kind).collect();
    assert!(kept.contains(&Kind::STREAM), "the destination leads to the stream: {kept:?}");
}

#[test]
fn a_teardown_keeps_a_stream_that_other_destinations_lead_to() {
    let stack = accepting(Some(accounts(&["111111111111"])));
    let account = Observed {
        other_destinations: ["audit".to_owned()].into(),
        ..set_up(stack.accounts.accepted.clone())
    };
    let kept = teardown(&stack, &account, &TeardownOptions::default()).kept;
    let stream = kept.iter().find(|kept| kept.resource.kind == Kind::STREAM).expect("it is kept");
    assert!(stream.reason.contains("lead to it: audit"), "{}", stream.reason);
    let forced = TeardownOptions { force: true, ..TeardownOptions::default() };
    assert!(teardown(&stack, &account, &forced).kept.is_empty());
}

#[test]
fn what_no_longer_arrives_is_named() {
    let lost = |before: Accepted, after: Accepted| {
        let account = set_up(Some(before));
        let stack = accepting(Some(after));
        let plan = crate::resources::name_losses(&stack, &account, setup(&stack, &account, false));
        let lost = plan.losses.into_iter().filter(|loss| loss.resource.kind == Kind::LOGS_DESTINATION);
        lost.map(|loss| loss.what).collect::<Vec<_>>().join("; ")
    };
    let (one, two) = ("111111111111", "222222222222");
    assert_eq!(lost(accounts(&[one, two]), accounts(&[two])), "what 111111111111 send from now on");
    assert_eq!(lost(accounts(&[one]), accounts(&[one, two])), "");
    assert_eq!(
        lost(accounts(&[one]), organization()),
        "what 111111111111 send from now on by filters that have no role, or from outside of o-a1b2c3d4e5"
    );
    assert_eq!(
        lost(organization(), accounts(&[one])),
        "what accounts of o-a1b2c3d4e5 other than 111111111111 send from now on"
    );
}

#[test]
fn sixty_accounts_are_accepted_with_a_word_about_the_quota() {
    let ids: Vec<String> = (1..=60).map(|number| format!("{number:012}")).collect();
    let sixty = accounts(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let stack = accepting(Some(sixty.clone()));
    assert!(sixty.fits(&stack.target, &stack.destination_arn()));
    let plan = setup(&stack, &empty_account(&[]), false);
    assert!(plan.notes.iter().any(|note| note.contains("Role trust policy length")), "{:?}", plan.notes);
    let many: Vec<String> = (1..=110).map(|number| format!("{number:012}")).collect();
    let many = accounts(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!many.fits(&stack.target, &stack.destination_arn()));
}

#[test]
fn the_own_account_in_a_policy_that_somebody_wrote_counts_as_nobody() {
    let stack = one_stack();
    let mut is = set_up(Some(accounts(&["111111111111"]))).destination.expect("made");
    let written = |ids: &[&str]| Some(accounts(ids).policy(&stack.target, &is.arn));
    let (both, own) = (
        written(&[stack.target.account.as_str(), "111111111111"]),
        written(&[stack.target.account.as_str()]),
    );
    is.policy = both;
    assert_eq!(is.accepted(), Some(accounts(&["111111111111"])));
    is.policy = own;
    assert_eq!(is.accepted(), None);
}
