//! The destination in a template.

use serde_json::json;

use super::LogsDestination;
use super::action::Action;
use super::desired::Accepted;
use crate::export::{Declared, Ids, Template, json_text, reference_to, tags};
use crate::resources::Plan;
use crate::resources::filter::before_records;
use crate::resources::kind::Exported;

/// Its name in the template.
const ID: &str = "LogsDestination";

impl Exported for LogsDestination {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        match action {
            Action::Create { name, tags: of, .. } => {
                let role = ids.role(&ids.names.accounts_role);
                let after = before_records(ids, &ids.names.accounts_role, template);
                template.declare(
                    Declared::new(ID)
                        .after(after)
                        .cloudformation(
                            "AWS::Logs::Destination",
                            json!({
                                "DestinationName": name,
                                "TargetArn": { "Fn::GetAtt": [Ids::STREAM, "Arn"] },
                                "RoleArn": { "Fn::GetAtt": [role, "Arn"] },
                                "Tags": tags(of),
                            }),
                        )
                        .terraform(
                            "aws_cloudwatch_log_destination",
                            json!({
                                "name": name,
                                "target_arn": reference_to("aws_kinesis_stream", Ids::STREAM, "arn"),
                                "role_arn": reference_to("aws_iam_role", &role, "arn"),
                                "tags": of,
                            }),
                        ),
                );
            }
            Action::SetPolicy { policy, .. } => {
                let is_organization = matches!(Accepted::of_policy(policy), Some(Accepted::Organization(_)));
                template.amend(ID, json!({ "DestinationPolicy": policy.to_string() }), json!({}));
                // In Terraform the policy stands for itself.
                template.declare(Declared::new(format!("{ID}Policy")).terraform(
                    "aws_cloudwatch_log_destination_policy",
                    json!({
                        "destination_name": reference_to("aws_cloudwatch_log_destination", ID, "name"),
                        // From a list of accounts to an organization, AWS asks for it.
                        "force_update": is_organization.then_some(true),
                        "access_policy": json_text(policy),
                    }),
                ));
            }
            Action::Put { .. } | Action::Tag { .. } | Action::Delete { .. } => {}
        }
    }
}
