//! A forwarder function in a template.

use std::collections::BTreeMap;

use serde_json::json;

use super::Function;
use super::action::{Action, CreateFunction};
use super::desired::{HANDLER, RUNTIME};
use crate::export::{Declared, Ids, Template, block, code, expression, tags};
use crate::resources::Plan;
use crate::resources::kind::Exported;

impl Exported for Function {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, _: &Plan, template: &mut Template) {
        match action {
            Action::Create(create) => template.declare(function(ids, create, &template.code)),
            Action::SetConcurrency { name, reserved } => template.amend(
                &ids.function(name),
                json!({ "ReservedConcurrentExecutions": reserved }),
                json!({ "reserved_concurrent_executions": reserved }),
            ),
            _ => {}
        }
    }
}

fn function(ids: Ids<'_>, create: &CreateFunction, zip: &str) -> Declared {
    let CreateFunction { name, role_arn, bundle, description, memory_mb, timeout_seconds, network, .. } =
        create;
    // No secret is in it: what stands for one is replaced by a parameter.
    let variables: BTreeMap<&String, &String> =
        create.environment.iter().map(|(name, value)| (name, &value.0)).collect();
    let role = ids.role(&ids.names.function_role);
    Declared::new(ids.function(name))
        .after([
            role.clone(),
            ids.policy(&ids.names.function_role),
            ids.log_group(&format!("/aws/lambda/{name}")),
        ])
        .cloudformation(
            "AWS::Lambda::Function",
            json!({
                "FunctionName": name,
                "Description": description,
                "Runtime": RUNTIME,
                "Handler": HANDLER,
                "Architectures": [bundle.arch.as_str()],
                "Code": code(zip),
                "Role": role_arn,
                "MemorySize": memory_mb,
                "Timeout": timeout_seconds,
                "Environment": { "Variables": variables },
                "VpcConfig": network.is_private().then(|| json!({
                    "SubnetIds": network.subnets,
                    "SecurityGroupIds": network.security_groups,
                    "Ipv6AllowedForDualStack": network.ipv6,
                })),
                "Tags": tags(&create.tags),
            }),
        )
        .terraform(
            "aws_lambda_function",
            json!({
                "function_name": name,
                "description": description,
                "runtime": RUNTIME,
                "handler": HANDLER,
                "architectures": [bundle.arch.as_str()],
                "filename": expression(format!("\"${{path.module}}/{zip}\"")),
                "source_code_hash": bundle.sha256,
                "role": role_arn,
                "memory_size": memory_mb,
                "timeout": timeout_seconds,
                "environment": block(json!({ "variables": variables })),
                "vpc_config": network.is_private().then(|| block(json!({
                    "subnet_ids": network.subnets,
                    "security_group_ids": network.security_groups,
                    "ipv6_allowed_for_dual_stack": network.ipv6,
                }))),
                // Every change becomes a version, which the alias names.
                "publish": true,
                "tags": create.tags,
            }),
        )
}
