//! What people and pipelines need who run cwl2le, and the boundary that keeps them within it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Stack;
use super::kinds::with_every_kind;
use super::role::documents::also_log_to;
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

macro_rules! grants {
    ($($module:ident: $kind:ident,)*) => {
        /// What every kind needs for its calls, in the order of the kinds, and what belongs to none of them.
        const GRANTS: &[&str] = &[
            $(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/src/resources/", stringify!($module), "/grants.json"
            )),)*
            template!("people.json"),
        ];
    };
}
with_every_kind!(grants);

/// What is needed to subscribe and unsubscribe log groups, to preview events and to see how a stack is. It neither
/// creates nor changes a role or a function.
pub fn everyday(stack: &Stack, people: &People) -> Value {
    let statements = statements_of("everyday", &values(stack, people));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What is needed to run every verb. Where the stack has a permissions boundary, its holder can give the roles no right
/// that the boundary lacks. Without one, its holder can become administrator of the account.
pub fn operator(stack: &Stack, people: &People) -> Value {
    let mut policy = everyday(stack, people);
    statements(&mut policy).append(&mut statements_of("operator", &values(stack, people)));
    policy
}

/// The statements of one document, of all kinds. What several kinds need by the same `Sid` is one statement, which
/// stands where the last of them has it. Behind these come the statements that say `When` they are needed: where that
/// placeholder has a value. They may add to one of the others.
fn statements_of(document: &str, values: &Values) -> Vec<Value> {
    let documents = GRANTS.iter().map(|grants| values.render(grants)[document].take());
    let all = documents.flat_map(|statements| match statements {
        Value::Array(statements) => statements,
        _ => Vec::new(),
    });
    let (sometimes, always): (Vec<Value>, Vec<Value>) =
        all.partition(|statement| statement.get("When").is_some());
    let mut statements: Vec<Value> = Vec::new();
    for mut statement in always {
        if let Some(at) = statements.iter().position(|other| other["Sid"] == statement["Sid"]) {
            let mut actions = [actions(&statements.remove(at)), actions(&statement)].concat();
            actions.sort();
            actions.dedup();
            statement["Action"] = Value::from(actions);
        }
        statements.push(statement);
    }
    for mut statement in sometimes {
        let when = statement.as_object_mut().and_then(|fields| fields.remove("When"));
        if !when.as_ref().and_then(Value::as_str).is_some_and(|name| values.has(name)) {
            continue;
        }
        match statements.iter_mut().find(|other| other["Sid"] == statement["Sid"]) {
            Some(other) => {
                other["Action"] = Value::from([actions(other), actions(&statement)].concat());
                if let Some(condition) = statement.get_mut("Condition") {
                    other["Condition"] = condition.take();
                }
            }
            None => statements.push(statement),
        }
    }
    statements
}

/// The actions of a statement, which may be a list or one.
fn actions(statement: &Value) -> Vec<String> {
    let text = |action: &Value| action.as_str().unwrap_or_default().to_owned();
    match &statement["Action"] {
        Value::Array(all) => all.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

/// What both roles can ever have with these settings, together: a permissions boundary that takes nothing from them.
/// The functions of isolated destinations, which come and go, are all in it.
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
        .with_all("BOUNDARY_ARN", stack.function_role.boundary.iter().cloned().collect())
        .with("LOG_GROUP_ARN", target.arn("logs", format_args!("log-group:{}", names.function_log_group)))
        .with_all("ROLES", roles)
        .with_all("ROLES_TO_LOOK_FOR", to_look_for)
        .with_all("LOGS_ROLES", logs)
        .with_all("FUNCTION_ROLES", function)
        .with_all("SECRETS", people.secrets.clone())
        .with_all("PARAMETERS", people.parameters.then(String::new).into_iter().collect())
        .with_all("ACCOUNT_POLICY", people.account_policy.then(String::new).into_iter().collect())
        .with_all("KMS_KEYS", people.stream_keys.iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn statements_of_one_name_differ_in_their_actions_only() {
        for document in ["everyday", "operator"] {
            let mut seen: BTreeMap<String, Value> = BTreeMap::new();
            for grants in GRANTS {
                let grants: Value = serde_json::from_str(grants).expect("JSON");
                let statements = grants[document].as_array().expect("a list of statements");
                for mut statement in
                    statements.iter().filter(|statement| statement["When"].is_null()).cloned()
                {
                    statement["Action"] = Value::Null;
                    let name = statement["Sid"].as_str().expect("a name").to_owned();
                    assert_eq!(*seen.entry(name).or_insert_with(|| statement.clone()), statement);
                }
            }
        }
    }
}
