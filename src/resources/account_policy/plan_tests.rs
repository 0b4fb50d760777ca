//! Account policies: somebody else's, another stack's, and what a plan says of ours.

use std::collections::BTreeMap;

use crate::error::Code;
use crate::resources::model::apply;
use crate::resources::subscriptions::plan_tests::{LOOPING, everything, group};
use crate::resources::tests::{empty_account, one_stack, run};
use crate::resources::*;
use crate::resources::{AccountPolicy, AccountPolicySpec, SELECTION_BYTES, Stack};
use crate::stack::{Names, RoleScope};

/// The stack `blue` beside the default one: everything of it has another name.
fn blue() -> Stack {
    let mut stack = one_stack();
    stack.name = "blue".parse().expect("a stack name");
    stack.names = Names::new(&stack.name, &stack.target.region, RoleScope::Plain);
    stack
}

fn codes(plan: &Plan) -> Vec<Code> {
    plan.refused.iter().map(|refusal| refusal.code).collect()
}

#[test]
fn a_new_stack_is_left_out_of_anothers_account_policy_before_it_has_a_forwarder() {
    let (stack, blue) = (one_stack(), blue());
    let own = "/aws/lambda/cwl-to-logentries".to_owned();
    let mut theirs = AccountPolicy::of(&everything(&stack, "@audit", None, &[]), [own.clone()].into());
    // What this version does not know of stays.
    theirs.document = theirs.document.replace('{', "{\"EmitSystemFields\":[],");
    let observed = Observed { account_policy: Some(theirs.clone()), ..Observed::default() };
    let plan = setup(&blue, &observed, false);
    let [step] =
        &plan.steps.iter().filter(|s| s.resource.kind == Kind::ACCOUNT_POLICY).collect::<Vec<_>>()[..]
    else {
        panic!("one step: {plan}")
    };
    assert!(step.stage < Stage::Function, "{plan}");
    let [Action::AccountPolicy(account_policy::Action::LeaveOut { policy, log_groups })] = &step.actions[..]
    else {
        panic!("one change: {plan}")
    };
    assert_eq!(
        (policy, log_groups),
        (&theirs.name, &["/aws/lambda/blue-cwl-to-logentries".to_owned()].into())
    );
    let put = theirs.leaving_out(log_groups).expect("a change");
    let names: Vec<&str> = put.excluded.iter().map(String::as_str).collect();
    assert_eq!(names, ["/aws/lambda/blue-cwl-to-logentries", &own]);
    assert_eq!(AccountPolicy { excluded: put.excluded.clone(), ..theirs }, put, "nothing else changes");

    // Neither its own stack's next run nor the new one's takes it in again, whether or not the log group is there yet.
    let mut account = Observed { account_policy: Some(put), stream: None, ..Observed::default() };
    assert!(
        setup(&blue, &account, false).steps.iter().all(|step| step.resource.kind != Kind::ACCOUNT_POLICY)
    );
    let again =
        subscribe_all(&stack, &everything(&stack, "@audit", None, &[]), &account, &FilterOptions::default());
    assert!(again.is_empty() && again.refused.is_empty(), "{again}");

    // The teardown of the new stack leaves the policy to its owner.
    account.groups.clear();
    assert!(teardown(&blue, &account, &TeardownOptions::default()).is_empty());
}

#[test]
fn a_new_stack_is_left_out_of_the_account_policy_of_a_member() {
    let stack = one_stack();
    let central = "arn:aws:logs:eu-west-1:111111111111:destination:d";
    let of_member = AccountPolicySpec {
        name: "blue-cloudwatchLogsToDestination".to_owned(),
        destination_arn: central.to_owned(),
        role_arn: None,
        ..everything(&stack, "", None, &[])
    };
    let policy = AccountPolicy::of(&of_member, [].into());
    let mut account = Observed { account_policy: Some(policy.clone()), ..Observed::default() };
    let plan = setup(&stack, &account, false);
    let step = plan.steps.iter().find(|step| step.resource.kind == Kind::ACCOUNT_POLICY).expect("a step");
    assert!(step.stage < Stage::Function && plan.refused.is_empty(), "{plan}");
    apply(&stack, &mut account, &plan);
    let put = account.account_policy.clone().expect("still there");
    let own = [stack.names.function_log_group.clone()].into();
    assert_eq!(put, AccountPolicy { excluded: own, ..policy.clone() }, "nothing else changes");
    let again = setup(&stack, &account, false);
    assert!(again.steps.iter().all(|step| step.resource.kind != Kind::ACCOUNT_POLICY), "{again}");
    // One of another name is somebody else's.
    let theirs = AccountPolicySpec { name: "theirs".to_owned(), ..of_member };
    account.account_policy = Some(AccountPolicy::of(&theirs, [].into()));
    let plan = setup(&stack, &account, false);
    assert!(plan.steps.iter().all(|step| step.resource.kind != Kind::ACCOUNT_POLICY), "{plan}");
}

#[test]
fn an_account_policy_that_loops_and_is_nobodys_is_refused() {
    let stack = one_stack();
    let by_hand = AccountPolicySpec { name: "by-hand".to_owned(), ..everything(&stack, "", None, &[]) };
    let policy = AccountPolicy::of(&by_hand, [].into());
    let mut account = Observed { account_policy: Some(policy.clone()), ..Observed::default() };
    let plan = setup(&stack, &account, false);
    assert_eq!(codes(&plan), [Code::Recursion]);
    assert!(plan.refused[0].hint.contains("--replace by-hand"), "{plan}");
    // Kept, and what it needs with it.
    let torn = teardown(&stack, &account, &TeardownOptions::default());
    assert_eq!(torn.kept.len(), 1, "{torn}");
    let named = TeardownOptions { filter_name: Some("by-hand".to_owned()), ..TeardownOptions::default() };
    assert_eq!(teardown(&stack, &account, &named).steps.len(), 1);

    let elsewhere = policy.document.replace(&stack.names.stream, "their-stream");
    account.account_policy = Some(AccountPolicy::read("by-hand", &elsewhere, ""));
    assert_eq!(codes(&setup(&stack, &account, false)), []);
}

#[test]
fn somebody_elses_account_policy_is_given_up_or_taken_over_only_by_its_name() {
    let stack = one_stack();
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let want = everything(&stack, "", None, &[]);
    let document = r#"{"DestinationArn":"arn:aws:firehose:eu-west-1:000000000000:deliverystream/theirs"}"#;
    let with = |options: &FilterOptions, account: &Observed| subscribe_all(&stack, &want, account, options);
    let adopt = FilterOptions { adopt: true, replace: None };
    let replace = FilterOptions { adopt: false, replace: Some("theirs".to_owned()) };

    account.account_policy = Some(AccountPolicy::read("theirs", document, ""));
    assert_eq!(codes(&with(&FilterOptions::default(), &account)), [Code::NotOurs]);
    assert_eq!(codes(&with(&adopt, &account)), [Code::NotOurs], "--adopt is for what has our name");
    let plan = with(&replace, &account);
    assert!(matches!(
        plan.steps[0].actions[..],
        [Action::AccountPolicy(account_policy::Action::Replace { .. })]
    ));
    apply(&stack, &mut account.clone(), &plan);

    account.account_policy = Some(AccountPolicy::read("cloudwatchLogsFilter", document, ""));
    assert_eq!(codes(&with(&replace, &account)), [Code::NotOurs]);
    let plan = with(&adopt, &account);
    assert_eq!(plan.steps[0].verb, Verb::Adopt, "{plan}");
    apply(&stack, &mut account, &plan);
    assert!(with(&FilterOptions::default(), &account).is_empty());
    assert!(
        teardown(&stack, &account, &TeardownOptions::default()).steps[0].resource.kind
            == Kind::ACCOUNT_POLICY
    );
}

#[test]
fn a_list_that_aws_does_not_take_is_refused_with_its_sizes() {
    let stack = one_stack();
    let names: Vec<String> = (0..700).map(|n| format!("/an/application/with-a-long-name/{n:03}")).collect();
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    account.groups = names.iter().map(|name| (name.clone(), group(&stack, 3))).collect::<BTreeMap<_, _>>();
    let plan =
        subscribe_all(&stack, &everything(&stack, "", None, &["/x"]), &account, &FilterOptions::default());
    insta::assert_snapshot!(plan);

    // The same filters in place of the policy's own make no difference to its size: they go.
    account.groups.values_mut().for_each(|is| *is = group(&stack, 1));
    run(&stack, &mut account, |is| {
        subscribe_all(&stack, &everything(&stack, "", None, &[]), is, &FilterOptions::default())
    });
    // Nor can they all be left out again.
    let plan = unsubscribe(&stack, &names, &account, None);
    assert_eq!(codes(&plan), [Code::Config]);
    let length = plan.refused[0].reason.contains(&SELECTION_BYTES.to_string());
    assert!(length, "{plan}");
}

#[test]
fn a_plan_shows_what_an_account_policy_leaves_out_and_why() {
    let stack = one_stack();
    let mut account = empty_account(&[]);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    account.groups = [("/app/a", 1), ("/app/b", 2), ("/app/c", 0), (LOOPING[1], 0)]
        .map(|(name, bits)| (name.to_owned(), group(&stack, bits)))
        .into();
    let options = FilterOptions::default();
    let all = |pattern, excluded: &[&str]| everything(&stack, "", pattern, excluded);
    let made = subscribe_all(&stack, &all(None, &["/app/c"]), &account, &options);
    apply(&stack, &mut account, &made);
    // Somebody edits it.
    let policy = account.account_policy.as_mut().expect("made");
    policy.excluded = ["/app/d".to_owned()].into();
    policy.role_arn = None;
    let mended = subscribe_all(&stack, &all(Some("WARN"), &["/app/c"]), &account, &options);
    let by_setup = subscribe(&stack, &[], &account, &options);
    let one_more = unsubscribe(&stack, &["/app/a".to_owned()], &account, None);
    insta::assert_snapshot!(format!("{made}\n\n{mended}\n\n{by_setup}\n\n{one_more}"));
}

#[test]
fn selection_criteria_of_another_form_are_never_written_over_and_stop_no_teardown() {
    let stack = one_stack();
    let mut account = empty_account(&["/app/a".to_owned()]);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let mut policy = AccountPolicy::of(&everything(&stack, "", None, &[]), Default::default());
    policy.unread_selection = Some("LogGroupName LIKE \"/secret/*\"".to_owned());
    account.account_policy = Some(policy);
    let wanted = everything(&stack, "", Some("ERROR"), &[]);
    for plan in [
        subscribe_all(&stack, &wanted, &account, &FilterOptions::default()),
        unsubscribe(&stack, &["/app/a".to_owned()], &account, None),
    ] {
        let refused: Vec<_> = plan.refused.iter().map(|refusal| refusal.code).collect();
        assert_eq!(refused, [Code::Unreadable], "{plan}");
        assert!(plan.refused[0].reason.contains("LIKE"), "{plan}");
    }
    let torn = teardown(&stack, &account, &TeardownOptions::default());
    assert!(torn.refused.is_empty(), "{torn}");
    assert!(torn.steps.iter().any(|step| step.resource.kind == Kind::ACCOUNT_POLICY), "{torn}");
}
