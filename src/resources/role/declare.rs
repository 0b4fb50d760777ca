//! A role in a template.

use serde_json::json;

use super::Role;
use super::action::Action;
use crate::export::{Declared, Ids, Template, json_text, reference_to, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Role {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        let Action::Create { role, tags: of } = action else { return };
        let id = ids.role(&role.name);
        let declared = Declared::new(&id)
            .cloudformation(
                "AWS::IAM::Role",
                json!({
                    "RoleName": role.name,
                    "Path": role.path,
                    "Description": role.description,
                    "PermissionsBoundary": role.boundary,
                    "AssumeRolePolicyDocument": role.trust,
                    "Policies": [{ "PolicyName": role.policy_name, "PolicyDocument": role.policy }],
                    "Tags": tags(of),
                }),
            )
            .terraform(
                "aws_iam_role",
                json!({
                    "name": role.name,
                    "path": role.path,
                    "description": role.description,
                    "permissions_boundary": role.boundary,
                    "assume_role_policy": json_text(&role.trust),
                    "tags": of,
                }),
            );
        // In Terraform the policy stands for itself.
        let policy = Declared::new(ids.policy(&role.name)).terraform(
            "aws_iam_role_policy",
            json!({
                "name": role.policy_name,
                "role": reference_to("aws_iam_role", &id, "id"),
                "policy": json_text(&role.policy),
            }),
        );
        template.declare(declared);
        template.declare(policy);
    }
}
