//! What each action does to the account policy, in the model of AWS for the tests of the planner.

use std::collections::BTreeSet;

use super::Action;
use crate::resources::{AccountPolicy, Observed, SELECTION_BYTES, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    match action {
        Action::Put { policy, no_longer } => put(o, policy, no_longer),
        Action::LeaveOut { policy, log_groups } => {
            let is = o.account_policy.as_ref().filter(|is| is.name == *policy);
            write(o, is.and_then(|is| is.leaving_out(log_groups)));
        }
        Action::StopLeavingOut { policy, log_group } => {
            let is = o.account_policy.as_ref().filter(|is| is.name == *policy);
            write(o, is.and_then(|is| is.not_leaving_out(log_group)));
        }
        Action::Replace { put: policy, .. } => {
            o.account_policy = None;
            put(o, policy, &BTreeSet::new());
        }
        Action::Delete { .. } => o.account_policy = None,
    }
}

fn put(o: &mut Observed, policy: &AccountPolicy, no_longer: &BTreeSet<String>) {
    let is_to_stream = policy.destination_arn.contains(":stream/");
    assert!(!is_to_stream || o.stream.is_some(), "the account policy has nowhere to write");
    assert!(
        policy.role_arn.is_none() || o.logs_role.is_some(),
        "the account policy names a role that is not there"
    );
    let other = o.account_policy.as_ref().filter(|is| is.name != policy.name);
    assert_eq!(other, None, "there is one account policy in an account and region");
    write(o, policy.over(o.account_policy.as_ref(), no_longer));
}

fn write(o: &mut Observed, policy: Option<AccountPolicy>) {
    let Some(policy) = policy else { return };
    assert!(policy.selection().len() <= SELECTION_BYTES, "the selection criteria are too long");
    o.account_policy = Some(AccountPolicy::read(&policy.name, &policy.document, &policy.selection()));
}
