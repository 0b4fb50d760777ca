//! What a teardown leaves to others, and what it says before it goes on.

use super::model::apply;
use super::tests::{empty_account, one_stack, run};
use super::*;
use crate::stack::Stack;

fn account(stack: &Stack) -> Observed {
    let mut account = empty_account(&[]);
    run(stack, &mut account, |is| setup(stack, is, false));
    account.readers.insert(stack.names.function.clone());
    account
}

fn kept(plan: &Plan) -> Vec<(Kind, &str)> {
    plan.kept.iter().map(|kept| (kept.resource.kind, kept.resource.name.as_str())).collect()
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
            (Kind::Trigger, "cloudwatch-logs-stream -> cwl-to-logentries"),
            (Kind::Function, "cwl-to-logentries"),
            (Kind::LogGroup, "/aws/lambda/cwl-to-logentries"),
            (Kind::Role, "cwl-to-logentries"),
            (Kind::Stream, "cloudwatch-logs-stream"),
        ]
    );
    let before = account.clone();
    apply(&stack, &mut account, &plan);
    assert_eq!(account, Observed { logs_role: None, ..before }, "the role of the filters alone is of no use");

    let forced = teardown(&stack, &account, &TeardownOptions { force: true, filter_name: None });
    apply(&stack, &mut account, &forced);
    assert!(account.stream.is_none() && account.function_role.is_none() && account.function.is_some());
}
