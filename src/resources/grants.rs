//! What people and pipelines need who run cwl2le, and the boundary that keeps them within it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::alarm::set::prefix;
use super::kinds::with_every_kind;
use super::role::documents::also_log_to;
use super::{Stack, kept};
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
    /// Whether the stack has alarms, or is to have them or to lose them.
    pub alarms: bool,
    /// Whether its alarms notify a topic of the stack, or are to.
    pub mails: bool,
    /// Whether the stack has a dashboard, or is to have one or to lose it.
    pub dashboard: bool,
    /// Whether other accounts send lines to the stack, or are to, or are to no longer.
    pub accounts: bool,
    /// Names of the buckets in which records are kept: expired and quarantined ones.
    pub buckets: BTreeSet<String>,
    /// What is kept in them, as `BUCKET/PREFIX/*`.
    pub kept: BTreeSet<String>,
    /// The account that owns these buckets; by default that of the stack.
    pub bucket_owner: Option<String>,
    /// Whether the functions are in a VPC, or are to be.
    pub network: bool,
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

/// What the documents are put together from: the lists of a `grants.json`. The lists that a kind has no statement for
/// are left out.
mod list {
    /// What looking at a stack takes: every document has it.
    pub(super) const READS: &str = "reads";
    /// What a canary takes besides its log group, see `cwl2le test`.
    pub(super) const TEST: &str = "test";
    /// What `everyday` has besides: subscribing and previewing.
    pub(super) const EVERYDAY: &str = "everyday";
    /// What sending records again takes that were not delivered, see `cwl2le replay`.
    pub(super) const REPLAY: &str = "replay";
    /// What `operator` has besides: everything else.
    pub(super) const OPERATOR: &str = "operator";
    /// What `on-call` has in the place of wider statements of the others.
    pub(super) const ON_CALL: &str = "on-call";
    /// What deploying the template of the stack takes, see `cwl2le export`. `deployer` has nothing else.
    pub(super) const DEPLOYER: &str = "deployer";
}

/// What is needed to subscribe and unsubscribe log groups, to preview events and to see how a stack is. It neither
/// creates nor changes a role or a function.
pub fn everyday(stack: &Stack, people: &People) -> Value {
    document(&[list::READS, list::EVERYDAY], stack, people)
}

/// What is needed to run every verb. Where the stack has a permissions boundary, its holder can give the roles no right
/// that the boundary lacks. Without one, its holder can become administrator of the account.
pub fn operator(stack: &Stack, people: &People) -> Value {
    document(&[list::READS, list::EVERYDAY, list::TEST, list::REPLAY, list::OPERATOR], stack, people)
}

/// What is needed to see how a stack is, to find out why, to send a canary through it, and to send records again that
/// were not delivered. It changes nothing of the chain, and reads no log group but those of the forwarders.
pub fn on_call(stack: &Stack, people: &People) -> Value {
    document(&[list::READS, list::TEST, list::REPLAY, list::ON_CALL], stack, people)
}

/// What is needed to deploy the stack's template with CloudFormation or Terraform, to update it and to delete it.
pub fn deployer(stack: &Stack, people: &People) -> Value {
    document(&[list::DEPLOYER], stack, people)
}

fn document(lists: &[&str], stack: &Stack, people: &People) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements_of(GRANTS, lists, &values(stack, people)) })
}

/// What the policies of people in a member account are made of.
const OF_MEMBERS: &[&str] = &[template!("member.json")];

/// [`everyday`] of a member account, with the right to pass and to delete its role where it has one or is to have one.
/// `account_policy` says whether the account policy is written or deleted.
pub fn member_everyday(stack: &Stack, account_policy: bool) -> Value {
    member_document(&[list::READS, list::EVERYDAY], stack, stack.has_logs_role, account_policy)
}

/// [`operator`] of a member account. The role of a member may only send the account's own log events, and without a
/// permissions boundary whoever has this policy can give it any other right.
pub fn member_operator(stack: &Stack, account_policy: bool) -> Value {
    member_document(&[list::READS, list::EVERYDAY, list::OPERATOR], stack, true, account_policy)
}

/// [`on_call`] of a member account: looking.
pub fn member_on_call(stack: &Stack) -> Value {
    member_document(&[list::READS], stack, false, false)
}

fn member_document(lists: &[&str], stack: &Stack, has_role: bool, account_policy: bool) -> Value {
    let target = &stack.target;
    let role = |name: &str| target.iam_arn(format_args!("role{}{name}", stack.logs_role.path));
    let roles = stack.names.to_destination.iter().filter(|_| has_role).flat_map(|destination| {
        let names = |scope| Names::of_member(&stack.name, &target.region, scope, destination);
        [RoleScope::Plain, RoleScope::Regional].map(|scope| role(&names(scope).logs_role))
    });
    let to_look_for = target.iam_arn(format_args!("role/*{}*", stack.name.start_of_roles()));
    let values = Values::new(target)
        .with("DESTINATION_ARN", stack.sink_arn())
        .with("ROLES_TO_LOOK_FOR", to_look_for)
        .with_all("MEMBER_ROLES", roles.collect())
        .with_all("BOUNDARY_ARN", stack.logs_role.boundary.iter().cloned().collect())
        .with_all("ACCOUNT_POLICY", account_policy.then(String::new).into_iter().collect());
    json!({ "Version": "2012-10-17", "Statement": statements_of(OF_MEMBERS, lists, &values) })
}

/// The statements of some lists, of all kinds. What several need by the same `Sid` is one statement, which stands where
/// the last of them has it. Behind these come the statements that say `When` they are needed: where that
/// placeholder has a value. They may add actions and resources to one of the others; resources only of another type, for
/// which no action of the other means anything, so that this grants no more than a statement of its own.
fn statements_of(grants: &[&str], lists: &[&str], values: &Values) -> Vec<Value> {
    let mut grants: Vec<Value> = grants.iter().map(|grants| values.render(grants)).collect();
    let mut all = Vec::new();
    for list in lists {
        for grants in &mut grants {
            if let Some(Value::Array(statements)) = grants.get_mut(list) {
                all.append(statements);
            }
        }
    }
    let (sometimes, always): (Vec<Value>, Vec<Value>) =
        all.into_iter().partition(|statement| statement.get("When").is_some());
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
                if let (Some(Value::Array(all)), Some(Value::Array(more))) =
                    (other.get_mut("Resource"), statement.get_mut("Resource"))
                {
                    all.append(more);
                }
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
    let accounts = scopes.iter().map(|names| role(&stack.accounts.role.path, &names.accounts_role));
    let accounts: Vec<String> = accounts.filter(|_| people.accounts).collect();
    let roles = logs.iter().chain(&function).chain(&accounts).cloned().collect();
    // IAM does not know the path of a role that does not exist, and checks the name alone.
    let to_look_for = role("/*", &format!("{}*", stack.name.start_of_roles()));
    logs.extend(people.other_logs_roles.iter().cloned());
    let bucket = |name: &String| format!("arn:{}:s3:::{name}", target.region.partition());
    let alarms = || target.arn("cloudwatch", format_args!("alarm:{}*", prefix(&stack.name)));
    let dashboard = || target.dashboard_arn(&stack.dashboard_name());
    let deployed_as = stack.name.cloudformation_stack();
    let manifests =
        people.buckets.iter().map(|name| bucket(&format!("{name}/{}{}/*", kept::MANIFESTS, names.stream)));
    Values::new(target)
        .with("STREAM_ARN", names.stream_arn(target))
        .with("FUNCTION_ARN", names.function_arn(target))
        .with_all("BOUNDARY_ARN", stack.function_role.boundary.iter().cloned().collect())
        .with("LOG_GROUP_ARN", target.arn("logs", format_args!("log-group:{}", names.function_log_group)))
        .with("CANARY_ARN", target.arn("logs", format_args!("log-group:{}", stack.name.canary_log_group())))
        .with("CLOUDFORMATION_STACK", deployed_as)
        .with("BUCKET_OWNER", people.bucket_owner.as_ref().unwrap_or(&target.account))
        .with_all("BUCKETS", people.buckets.iter().map(bucket).collect())
        .with_all("KEPT", people.kept.iter().map(bucket).collect())
        .with_all("MANIFESTS", manifests.collect())
        .with_all("ROLES", roles)
        .with("ROLES_TO_LOOK_FOR", to_look_for)
        .with_all("LOGS_ROLES", logs)
        .with_all("FUNCTION_ROLES", function)
        .with_all("ACCOUNTS_ROLES", accounts)
        .with_all("DESTINATION", people.accounts.then(|| stack.destination_arn()).into_iter().collect())
        .with_all("SECRETS", people.secrets.clone())
        .with_all("PARAMETERS", people.parameters.then(String::new).into_iter().collect())
        .with_all("ACCOUNT_POLICY", people.account_policy.then(String::new).into_iter().collect())
        .with_all("ALARM_TOPIC", people.mails.then(|| stack.alarm_topic_arn()).into_iter().collect())
        .with_all("ALARMS", people.alarms.then(alarms).into_iter().collect())
        .with_all("DASHBOARD", people.dashboard.then(dashboard).into_iter().collect())
        .with_all("NETWORK", people.network.then(String::new).into_iter().collect())
        .with_all("KMS_KEYS", people.stream_keys.iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn statements_of_one_name_differ_in_their_actions_only() {
        let lists = [
            list::READS,
            list::TEST,
            list::REPLAY,
            list::EVERYDAY,
            list::OPERATOR,
            list::ON_CALL,
            list::DEPLOYER,
        ];
        let mut seen: BTreeMap<String, Value> = BTreeMap::new();
        for grants in GRANTS {
            let grants: Value = serde_json::from_str(grants).expect("JSON");
            for (list, statements) in grants.as_object().expect("lists") {
                assert!(lists.contains(&list.as_str()), "no document has `{list}`");
                let statements = statements.as_array().expect("a list of statements");
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
