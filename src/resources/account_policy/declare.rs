//! The account policy in a template.

use serde_json::json;

use super::AccountPolicy;
use super::action::Action;
use crate::export::{Declared, Ids, Template};
use crate::resources::Plan;
use crate::resources::filter::before_subscriptions;
use crate::resources::kind::Exported;

/// Its name in the template.
const ID: &str = "AccountPolicy";
/// Which of the account policies of CloudWatch Logs it is, and what it is for.
const TYPE: &str = "SUBSCRIPTION_FILTER_POLICY";
const SCOPE: &str = "ALL";

impl Exported for AccountPolicy {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let (Action::Put { policy, .. } | Action::Replace { put: policy, .. }) = action else { return };
        // Its document names the stream and the role in a text.
        let named = [Ids::STREAM.to_owned(), ids.role(&ids.names.logs_role)];
        let needed = named.into_iter().chain(before_subscriptions(ids, template));
        template.declare(
            Declared::new(ID)
                .after(needed.collect::<Vec<_>>())
                .cloudformation(
                    "AWS::Logs::AccountPolicy",
                    json!({
                        "PolicyName": policy.name,
                        "PolicyType": TYPE,
                        "Scope": SCOPE,
                        "PolicyDocument": policy.document,
                        "SelectionCriteria": policy.selection(),
                    }),
                )
                .terraform(
                    "aws_cloudwatch_log_account_policy",
                    json!({
                        "policy_name": policy.name,
                        "policy_type": TYPE,
                        "scope": SCOPE,
                        "policy_document": policy.document,
                        "selection_criteria": policy.selection(),
                    }),
                ),
        );
    }
}
