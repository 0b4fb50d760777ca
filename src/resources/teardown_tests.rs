//! What a teardown leaves to others, and what it says before it goes on.

use crate::resources::model::apply;
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::resources::{AccountPolicy, Stack};

/// An account with the whole stack.
fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account.readers.insert(stack.names.function.clone());
    account
}

fn kept(plan: &Plan) -> Vec<(Kind, String)> {
    plan.kept.iter().map(|kept| (kept.resource.kind, kept.resource.place())).collect()
}

#[test]
fn what_a_function_of_others_uses_stays() {
    let stack = one_stack();
    let mut account = account(&stack);
    account.function.as_mut().expect("made").tags.clear();
    let plan = teardown(&stack, &account, &TeardownOptions::default());
    assert_eq!(
        kept(&plan),
        [
            (Kind::TRIGGER, "cloudwatch-logs-stream -> cwl-to-logentries".to_owned()),
            (Kind::FUNCTION, "cwl-to-logentries".to_owned()),
            (Kind::LOG_GROUP, "/aws/lambda/cwl-to-logentries".to_owned()),
            (Kind::ROLE, "cwl-to-logentries".to_owned()),
            (Kind::STREAM, "cloudwatch-logs-stream".to_owned()),
        ]
    );
    let before = account.clone();
    apply(&stack, &mut account, &plan);
    assert_eq!(account, Observed { logs_role: None, ..before }, "the role of the filters alone is of no use");

    let forced = teardown(&stack, &account, &TeardownOptions { force: true, filter_name: None });
    apply(&stack, &mut account, &forced);
    assert!(account.stream.is_none() && account.function_role.is_none() && account.function.is_some());
}

#[test]
fn what_others_put_on_ours_is_named_and_goes_only_by_force() {
    let stack = one_stack();
    let mut account = account(&stack);
    account.log_group.as_mut().expect("made").filters = vec![crate::resources::tests::foreign_filter()];
    let role = account.logs_role.as_mut().expect("made");
    role.policies.insert("theirs".to_owned(), serde_json::json!({}));
    account.function_role.as_mut().expect("made").attached = vec!["arn:aws:iam::aws:policy/x".to_owned()];
    let other = ObservedTrigger {
        uuid: "other".to_owned(),
        source_arn: "arn:aws:kinesis:eu-west-1:000000000000:stream/theirs".to_owned(),
        ..account.triggers[0].clone()
    };
    account.triggers.push(other);
    assert!(setup(&stack, &account, false).steps.iter().all(|step| step.resource.kind != Kind::TRIGGER));

    let plan = teardown(&stack, &account, &TeardownOptions::default());
    assert_eq!(
        kept(&plan),
        [
            (Kind::TRIGGER, "theirs -> cwl-to-logentries".to_owned()),
            (Kind::LOG_GROUP, "/aws/lambda/cwl-to-logentries".to_owned()),
            (Kind::ROLE, "cwl-to-kinesis".to_owned()),
        ]
    );
    let text = plan.to_string();
    for part in
        ["--uuid other", "does not manage: theirs", "attached policy: arn:aws:iam::aws:policy/x -> (removed)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }

    let forced = teardown(&stack, &account, &TeardownOptions { force: true, filter_name: None });
    assert_eq!(kept(&forced), [(Kind::TRIGGER, "theirs -> cwl-to-logentries".to_owned())]);
    assert!(
        forced.to_string().contains("inline policy: theirs -> (removed) (not managed by this stack)"),
        "{forced}"
    );
}

#[test]
fn a_teardown_takes_its_name_out_of_anothers_account_policy() {
    let stack = one_stack();
    let mut account = account(&stack);
    let (own, reader) = (stack.names.function_log_group.clone(), "/aws/lambda/reader".to_owned());
    let theirs = format!(
        "{{\"DestinationArn\":\"{}\",\"New\":1}}",
        stack.names.stream_arn(&stack.target).replace("stream/", "stream/blue-")
    );
    let mut policy = AccountPolicy::read("blue-cloudwatchLogsFilter", &theirs, "");
    policy.excluded = [own.clone(), reader].into();
    account.account_policy = Some(policy.clone());
    let of_policy = |account: &Observed| {
        let plan = teardown(&stack, account, &TeardownOptions::default());
        plan.steps.into_iter().find(|step| step.resource.kind == Kind::ACCOUNT_POLICY)
    };
    let step = of_policy(&account).expect("a step");
    assert!(step.stage > Stage::RemoveFoundations, "not before its log group is gone");
    assert_eq!(
        step.actions,
        [account_policy::Action::StopLeavingOut { policy: policy.name.clone(), log_group: own }.into()]
    );

    // Not while the log group stays, not where there was none, and nothing of somebody who is no stack of cwl2le.
    account.log_group.as_mut().expect("made").tags.clear();
    assert_eq!(of_policy(&account), None);
    account.log_group = None;
    assert_eq!(of_policy(&account), None);
    account = self::account(&stack);
    account.account_policy = Some(AccountPolicy { name: "by-hand".to_owned(), ..policy });
    assert_eq!(of_policy(&account), None);
}

/// What `cwl2le test --keep` leaves, and a run of it that was killed.
#[test]
fn the_log_group_of_the_canary_is_no_drift_and_goes_with_the_stack() {
    let stack = one_stack();
    let mut account = account(&stack);
    let name = stack.name.canary_log_group();
    let filter = ObservedFilter {
        name: stack.names.filter.clone(),
        destination_arn: stack.names.stream_arn(&stack.target),
        ..crate::resources::tests::foreign_filter()
    };
    account.groups.insert(name.clone(), ObservedGroup { filters: vec![filter], ..ObservedGroup::default() });
    account.canary = Some(stack.tags.clone());

    let nothing = Subscriptions::default();
    let subscriptions = bring_subscriptions(&stack, &nothing, &account, &FilterOptions::default());
    assert!(setup(&stack, &account, false).and(subscriptions).is_empty());

    let foreign = Observed { canary: Some(crate::stack::Tags::new()), ..account.clone() };
    let plan = teardown(&stack, &foreign, &TeardownOptions::default());
    assert!(kept(&plan).contains(&(Kind::LOG_GROUP, name.clone())), "{plan}");

    let plan = teardown(&stack, &account, &TeardownOptions::default());
    apply(&stack, &mut account, &plan);
    assert!(account.canary.is_none() && account.groups.is_empty(), "{plan}");
}
