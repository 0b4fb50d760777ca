//! What takes the place of what: a filter of its name, and filters of an account policy.

use crate::resources::model::{apply, apply_some};
use crate::resources::subscriptions::plan_tests::{everything, ways};
use crate::resources::tests::{empty_account, filters, one_stack, run};
use crate::resources::*;

#[test]
fn a_filter_is_replaced_by_its_name_whether_or_not_ours_is_there() {
    let stack = one_stack();
    let groups = vec!["/app/a".to_owned()];
    let specs = filters(&stack, &groups, "", 0);
    let replace = FilterOptions { replace: Some("theirs".to_owned()), ..FilterOptions::default() };
    let mut account = empty_account(&groups);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let names = |account: &Observed| -> Vec<String> {
        account.groups["/app/a"].filters.iter().map(|filter| filter.name.clone()).collect()
    };

    let mut fresh = account.clone();
    let plan = subscribe(&stack, &specs, &fresh, &replace);
    assert!(matches!(plan.steps[0].actions[..], [Action::Filter(filter::Action::Replace { .. })]), "{plan}");
    assert_eq!(plan.notes, [""; 0]);
    apply(&stack, &mut fresh, &plan);
    assert_eq!(names(&fresh), ["cloudwatchLogsFilter"]);
    // Again: it is gone, and that is said, because it may be misspelt.
    let again = subscribe(&stack, &specs, &fresh, &replace);
    assert!(again.is_empty() && again.notes[0].contains("`theirs`"), "{again}");

    run(&stack, &mut account, |is| subscribe(&stack, &specs, is, &FilterOptions::default()));
    assert_eq!(names(&account).len(), 2);
    run(&stack, &mut account, |is| subscribe(&stack, &specs, is, &replace));
    assert_eq!(names(&account), ["cloudwatchLogsFilter"]);

    let all = subscribe_all(&stack, &everything(&stack, "", None, &[]), &account, &replace);
    assert!(all.notes[0].contains("`theirs`"), "{all}");
}

#[test]
fn what_a_failed_run_covered_twice_is_covered_once_by_the_next_whether_or_not_it_gets_further() {
    let stack = one_stack();
    let groups = ["/app/a", "/app/b"].map(ToOwned::to_owned);
    let mut account = empty_account(&groups);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let options = FilterOptions::default();
    run(&stack, &mut account, |is| subscribe_all(&stack, &everything(&stack, "", None, &[]), is, &options));
    // The first log group gets its filter, the second fails, and nothing of a later stage begins.
    let specs = filters(&stack, &groups, "", 0);
    let plan_of = |is: &Observed| subscribe_each(&stack, &specs, is, &options);
    let first = plan_of(&account);
    apply_some(&stack, &mut account, &first, 1);
    assert_eq!((ways(&stack, &account, "/app/a"), ways(&stack, &account, "/app/b")), (2, 1));

    let mut ended = account.clone();
    run(&stack, &mut ended, |is| once_only(&stack, is));
    assert_eq!((ways(&stack, &ended, "/app/a"), ways(&stack, &ended, "/app/b")), (1, 1));
    assert!(once_only(&stack, &ended).is_empty());

    let again = plan_of(&account);
    let mut stopped = account.clone();
    apply_some(&stack, &mut stopped, &again, 1);
    assert_eq!((ways(&stack, &stopped, "/app/a"), ways(&stack, &stopped, "/app/b")), (1, 1), "{again}");
    apply(&stack, &mut account, &again);
    assert_eq!(account.account_policy, None);
}

#[test]
fn a_log_group_with_as_many_filters_as_aws_allows_is_told_before_anything_is_done() {
    let stack = one_stack();
    let groups = vec!["/app/a".to_owned()];
    let specs = filters(&stack, &groups, "", 0);
    let mut account = empty_account(&groups);
    run(&stack, &mut account, |is| setup(&stack, is, false));
    let plan = |account: &Observed, options: &FilterOptions| subscribe(&stack, &specs, account, options);
    assert_eq!(plan(&account, &FilterOptions::default()).notes, [""; 0], "there is room for one more");
    let filters = &mut account.groups.get_mut("/app/a").expect("a group").filters;
    filters.push(ObservedFilter { name: "other".to_owned(), ..filters[0].clone() });
    let full = plan(&account, &FilterOptions::default());
    assert!(full.refused.is_empty() && full.notes[0].starts_with("/app/a: AWS allows 2"), "{full}");
    let replace = FilterOptions { replace: Some("other".to_owned()), ..FilterOptions::default() };
    assert_eq!(plan(&account, &replace).notes, [""; 0], "one gives way");
}
