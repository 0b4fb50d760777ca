//! What people and pipelines need who run cwl2le, and the boundary that keeps them within it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::resources::Stack;
use crate::resources::role::documents::also_log_to;
use crate::stack::template::{Values, statements, template};
use crate::stack::{Names, RoleScope};

/// What the documents depend on besides the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// ARNs of the customer KMS keys that the stream is, or is to be, encrypted with.
    pub stream_keys: BTreeSet<String>,
    /// Whether the account policy of this stack, or of another one that must leave this one out, is changed.
    pub account_policy: bool,
    /// ARNs of the secrets that the function reads.
    pub secrets: Vec<String>,
    /// Whether the function reads SSM parameters.
    pub parameters: bool,
    /// ARNs of roles of other stacks that their account policy is written with again.
    pub other_logs_roles: BTreeSet<String>,
}

/// What is needed to subscribe and unsubscribe log groups, to preview events and to see how a stack is. It neither creates
/// nor changes a role or a function.
pub fn everyday(stack: &Stack, people: &People) -> Value {
    let values = values(stack, people);
    let mut policy = values.render(template!("everyday.json"));
    for (is_needed, template) in [
        (people.account_policy, template!("everyday.account-policy.json")),
        (!people.secrets.is_empty(), template!("everyday.secret.json")),
        (people.parameters, template!("everyday.ssm.json")),
    ] {
        if is_needed {
            statements(&mut policy).push(values.render(template));
        }
    }
    policy
}

/// What is needed to run every verb. Where the stack has a permissions boundary, its holder can give the roles no right
/// that the boundary lacks. Without one, its holder can become administrator of the account.
pub fn operator(stack: &Stack, people: &People) -> Value {
    let values = values(stack, people);
    let mut policy = everyday(stack, people);
    let mut changes = values.render(template!("operator.json"));
    if stack.function_role.boundary.is_some() {
        bind(statements(&mut changes), &values.render(template!("operator.boundary.json")));
    }
    statements(&mut policy).append(statements(&mut changes));
    if !people.stream_keys.is_empty()
        && let Value::Array(mut encrypt) = values.render(template!("operator.kms.json"))
    {
        statements(&mut policy).append(&mut encrypt);
    }
    policy
}

/// Lets roles be changed only within their boundary, and that boundary be set.
fn bind(changes: &mut [Value], bounded: &Value) {
    for statement in changes.iter_mut().filter(|statement| statement["Sid"] == "ChangeRoles") {
        statement["Condition"] = bounded["Condition"].clone();
        if let Some(actions) = statement["Action"].as_array_mut() {
            actions.push(bounded["Action"].clone());
        }
    }
}

/// What both roles can ever have with these settings, together: a permissions boundary that takes nothing from them. The
/// functions of isolated destinations, which come and go, are all in it.
pub fn boundary(stack: &Stack) -> Value {
    let mut policy = stack.function_role.policy.clone();
    also_log_to(&mut policy, &stack.target, &format!("{}-*", stack.names.function_log_group));
    let mut logs = stack.logs_role.policy.clone();
    statements(&mut policy).append(statements(&mut logs));
    policy
}

fn values(stack: &Stack, people: &People) -> Values {
    let (target, names) = (&stack.target, &stack.names);
    // Which pair of role names a region uses is found out by looking at both.
    let scopes = [RoleScope::Plain, RoleScope::Regional].map(|s| Names::new(&stack.name, &target.region, s));
    let role = |path: &str, name: &str| target.iam_arn(format_args!("role{path}{name}"));
    let logs = scopes.iter().map(|names| role(&stack.logs_role.path, &names.logs_role));
    let function = scopes.iter().map(|names| role(&stack.function_role.path, &names.function_role));
    let (mut logs, function): (Vec<String>, Vec<String>) = (logs.collect(), function.collect());
    let roles = logs.iter().chain(&function).cloned().collect();
    // IAM does not know the path of a role that does not exist, and checks the name alone.
    let names_of_both = scopes.iter().flat_map(|names| [&names.logs_role, &names.function_role]);
    let to_look_for = names_of_both.map(|name| role("/*", name)).collect();
    logs.extend(people.other_logs_roles.iter().cloned());
    Values::new(target)
        .with("STREAM_ARN", names.stream_arn(target))
        .with("FUNCTION_ARN", names.function_arn(target))
        .with("BOUNDARY_ARN", stack.function_role.boundary.clone().unwrap_or_default())
        .with("LOG_GROUP_ARN", target.arn("logs", format_args!("log-group:{}", names.function_log_group)))
        .with_all("ROLES", roles)
        .with_all("ROLES_TO_LOOK_FOR", to_look_for)
        .with_all("LOGS_ROLES", logs)
        .with_all("FUNCTION_ROLES", function)
        .with_all("SECRETS", people.secrets.clone())
        .with_all("KMS_KEYS", people.stream_keys.iter().cloned().collect())
}
