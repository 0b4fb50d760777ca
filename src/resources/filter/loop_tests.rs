//! Loops that are there already: ours go, somebody else's are refused by name.

use crate::error::Code;
use crate::resources::Stack;
use crate::resources::model::apply;
use crate::resources::tests::{empty_account, foreign_filter, one_stack, run, whole};
use crate::resources::*;

const OWN: &str = "/aws/lambda/cwl-to-logentries";

/// A filter that leads to our stream.
fn to_us(stack: &Stack, name: &str) -> ObservedFilter {
    let destination_arn = stack.names.stream_arn(&stack.target);
    ObservedFilter { name: name.to_owned(), destination_arn, ..foreign_filter() }
}

/// A stack whose forwarder's log group has this filter. A plan of named log groups does not read it among the others.
fn account_with(stack: &Stack, filter: ObservedFilter) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account.log_group.as_mut().expect("made").filters = vec![filter];
    account
}

#[test]
fn setup_removes_a_loop_of_ours_before_anything_else() {
    let stack = one_stack();
    for name in ["cloudwatchLogsFilter", "cloudwatchLogsFilter@audit"] {
        let mut account = account_with(&stack, to_us(&stack, name));
        account.function = None;
        let plan = setup(&stack, &account, false);
        assert_eq!((plan.steps[0].verb, plan.steps[0].stage), (Verb::Delete, Stage::RemoveFilters), "{plan}");
        apply(&stack, &mut account, &plan);
        assert!(account.log_group.as_ref().is_some_and(|own| own.filters.is_empty()));
        assert!(setup(&stack, &account, false).is_empty());
    }
}

#[test]
fn a_loop_of_ours_is_removed_once_where_every_log_group_is_read() {
    let stack = one_stack();
    let mut account = account_with(&stack, to_us(&stack, "cloudwatchLogsFilter"));
    let filters = account.log_group.as_ref().expect("made").filters.clone();
    account.groups.insert(OWN.to_owned(), ObservedGroup { class: String::new(), filters });
    let options = FilterOptions::default();
    let wanted = Subscriptions::default();
    let plan = setup(&stack, &account, false).and(bring_subscriptions(&stack, &wanted, &account, &options));
    assert_eq!(plan.steps.len(), 1, "{plan}");
}

#[test]
fn a_loop_of_others_is_refused_by_name() {
    let stack = one_stack();
    let account = account_with(&stack, to_us(&stack, "by-hand"));
    let plan = whole(&stack, &[], &account);
    let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
    assert_eq!((refusal.code, refusal.resource.place()), (Code::Recursion, format!("{OWN} -> by-hand")));
    assert!(refusal.hint.contains("--filter-name by-hand"), "{}", refusal.hint);

    // One that leads elsewhere is no loop.
    let account = account_with(&stack, foreign_filter());
    let plan = whole(&stack, &[], &account);
    assert!(plan.is_empty() && plan.refused.is_empty(), "{plan}");
}

#[test]
fn a_loop_of_others_through_another_reader_is_refused_by_name() {
    let stack = one_stack();
    let mut account = account_with(&stack, foreign_filter());
    account.readers.insert("reader".to_owned());
    let filters = vec![to_us(&stack, "by-hand")];
    account.groups.insert("/aws/lambda/reader".to_owned(), ObservedGroup { class: String::new(), filters });
    let plan = bring_subscriptions(&stack, &Subscriptions::default(), &account, &FilterOptions::default());
    assert_eq!(
        plan.refused.iter().map(|refusal| refusal.code).collect::<Vec<_>>(),
        [Code::Recursion],
        "{plan}"
    );
}
