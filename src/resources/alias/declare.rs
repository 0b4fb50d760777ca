//! The version and the alias of a function in a template.

use serde_json::json;

use super::Alias;
use super::action::Action;
use super::observed::LIVE;
use crate::export::{Declared, Ids, Template, reference_to};
use crate::resources::function::{self, CreateFunction};
use crate::resources::kind::Exported;
use crate::resources::{self, Plan};

impl Exported for Alias {
    type Action = Action;

    fn declare(ids: Ids<'_>, action: &Action, plan: &Plan, template: &mut Template) {
        let Action::Move { function, .. } = action else { return };
        let Some(created) = created(plan, function) else { return };
        let (of, version) = (ids.function(function), ids.version(function, &content(created)));
        template.declare(
            Declared::new(&version)
                .cloudformation("AWS::Lambda::Version", json!({ "FunctionName": { "Ref": of } })),
        );
        template.declare(
            Declared::new(ids.alias(function))
                .cloudformation(
                    "AWS::Lambda::Alias",
                    json!({
                        "FunctionName": { "Ref": of },
                        "Name": LIVE,
                        "FunctionVersion": { "Fn::GetAtt": [version, "Version"] },
                    }),
                )
                .terraform(
                    "aws_lambda_alias",
                    json!({
                        "name": LIVE,
                        "function_name": reference_to("aws_lambda_function", &of, "function_name"),
                        "function_version": reference_to("aws_lambda_function", &of, "version"),
                    }),
                ),
        );
    }
}

fn created<'p>(plan: &'p Plan, function: &str) -> Option<&'p CreateFunction> {
    plan.steps.iter().flat_map(|step| &step.actions).find_map(|action| match action {
        resources::Action::Function(function::Action::Create(create)) if create.name == function => {
            Some(&**create)
        }
        _ => None,
    })
}

/// What a version keeps of its function. CloudFormation publishes a version for each name that one has in a template, so
/// the name has to change with it.
fn content(create: &CreateFunction) -> String {
    let CreateFunction {
        role_arn,
        bundle,
        description,
        memory_mb,
        timeout_seconds,
        environment,
        network,
        ..
    } = create;
    let variables = environment.iter().map(|(name, value)| format!("{name}={}", value.0)).collect::<Vec<_>>();
    json!([role_arn, bundle.sha256, description, memory_mb, timeout_seconds, variables, network]).to_string()
}
