//! `cwl2le policies`: the IAM documents of a stack, for review before anything is made.

use std::collections::BTreeMap;
use std::fmt;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::manual::Manual;
use super::verb::{Facts, Reads, Verb};
use crate::error::{Error, Result};
use crate::flags::values::account_id;
use crate::resources::grants::{self, People};
use crate::resources::role::documents::{self, Grants};
use crate::resources::{
    AccountPolicy, Depth, Notify, Observed, Stack, is_member_policy, observe, observe_member,
};
use crate::settings::{self, Membership, Wanted, membership};
use crate::stack::{Names, RoleScope, StackName, Target};
use crate::workflow::Context;

/// Print the IAM policies of the stack and of its users
///
/// Takes the flags of `setup`, because the policies depend on them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Policies {
    /// Print only this policy
    #[arg(value_enum)]
    pub which: Option<PolicyDocument>,
    /// Account ID [default: that of the credentials]
    ///
    /// With it, the policies are printed without calling AWS.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account: Option<String>,
    /// Also allow `subscribe --all` (an account policy)
    ///
    /// By default that is allowed if the file has `all = true`, or if the account has an account policy of cwl2le.
    #[arg(long)]
    pub all: bool,
    /// The stack, as for `setup`.
    #[command(flatten)]
    pub wanted: Wanted,
}

/// The IAM documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyDocument {
    /// Who may assume the role of CloudWatch Logs
    LogsTrust,
    /// What CloudWatch Logs may do
    Logs,
    /// Who may assume the forwarder's role
    ForwarderTrust,
    /// What the forwarder may do
    Forwarder,
    /// What you need to run every verb: with --permissions-boundary within it, without one up to administrator
    Operator,
    /// What you need to subscribe, unsubscribe, plan, preview and see the status
    Everyday,
    /// What you need for status, doctor, logs, list, plan, test and replay, without the right to change the chain
    OnCall,
    /// The permissions boundary that allows what both roles need
    Boundary,
    /// What CloudFormation or Terraform needs to deploy, update and delete the template of `cwl2le export`
    Deployer,
}

/// Warning for a policy that writes roles without a permissions boundary.
const UNBOUNDED: &str = "warning: the operator and deployer policies have no permissions boundary, so whoever has one of them can become \
     administrator of the account. Print a boundary with `cwl2le policies boundary` and give its ARN with --permissions-boundary. For everyday \
     work use `cwl2le policies everyday`.";

/// Warning for a policy that writes roles whose permissions boundary is a policy that AWS manages.
const BOUNDED_BY_AWS: &str = "warning: a permissions boundary that AWS manages is not made for this stack: whoever has the operator \
     or deployer policy can give the roles all that it allows, and that may be everything; give one of your own with \
     --permissions-boundary ARN, which `cwl2le policies boundary` prints";

/// Maximum size of a managed policy in characters, white space not counted: a quota of IAM.
const MANAGED_POLICY: usize = 6144;

/// The rendered documents, by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PolicyReport {
    /// The documents, by name.
    policies: BTreeMap<&'static str, Value>,
}

impl Verb for Policies {
    type Report = PolicyReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("What a person or pipeline needs to run every verb", "cwl2le policies operator"),
            ("What is enough to subscribe log groups and to look", "cwl2le policies everyday"),
            ("What deploying a template of `cwl2le export` takes", "cwl2le policies deployer"),
            (
                "All documents, without credentials",
                "cwl2le policies --account 123456789012 --region eu-west-1",
            ),
        ],
        page: Some("permissions.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts {
            stack: Some(&self.wanted.stack),
            reads: Reads::Everything,
            alone: Some("it prints one policy"),
            ..Facts::default()
        }
    }

    /// With `--account` this calls nothing at AWS. Without it, the stack is read from the account of the credentials,
    /// and flags and file change it.
    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let name = context.stack(&self.wanted.stack);
        if let Some(member) = membership(&self.wanted.member, context.file)? {
            return self.of_member(context, &name, &member).await;
        }
        let (target, scope, observed) = match &self.account {
            Some(account) => (context.offline(account).await?, RoleScope::Plain, Observed::default()),
            None => {
                let session = context.session().await?;
                let (scope, observed) = observe(&session, &name, &[], Depth::Stack).await?;
                (session.target.clone(), scope, observed)
            }
        };
        let (stack, grants) =
            settings::outlined_stack(&self.wanted, context.file, &name, &target, scope, &observed)?;
        let all = self.all || context.file.is_some_and(settings::File::has_account_policy);
        let writes_roles = [PolicyDocument::Operator, PolicyDocument::Deployer];
        let shows_one = self.which.is_none_or(|which| writes_roles.contains(&which));
        if let Some(note) = missing_limit(stack.function_role.boundary.as_deref()).filter(|_| shows_one) {
            context.note(note);
        }
        let report = render(&stack, &people(&stack, &grants, &observed, all), self.which);
        for (name, policy) in &report.policies {
            let size = policy.to_string().len();
            if size > MANAGED_POLICY {
                context.note(&format!(
                    "the {name} policy has {size} characters, and a managed policy holds {MANAGED_POLICY}: make it an inline policy \
                     of a role or a permission set, which hold 10,240"
                ));
            }
        }
        Ok(report)
    }
}

impl Policies {
    /// The documents of a member account, which has no function.
    async fn of_member(
        &self,
        context: Context<'_>,
        name: &StackName,
        member: &Membership,
    ) -> Result<PolicyReport> {
        let (target, scope, observed) = match &self.account {
            Some(account) => (context.offline(account).await?, RoleScope::Plain, Observed::default()),
            None => {
                let session = context.session().await?;
                let (scope, observed) =
                    observe_member(&session, name, &member.destination, &[], Depth::Stack).await?;
                (session.target.clone(), scope, observed)
            }
        };
        member.check(&target)?;
        let stack = member.stack(&self.wanted, context.file, name, &target, scope, &observed)?;
        let in_file = context.file.is_some_and(settings::File::has_account_policy);
        let is_there =
            observed.account_policy.is_some_and(|policy| policy.destination_arn == stack.sink_arn());
        let all = self.all || in_file || is_there;
        let shows_operator = self.which.is_none_or(|which| which == PolicyDocument::Operator);
        if let Some(note) = missing_limit(stack.logs_role.boundary.as_deref()).filter(|_| shows_operator) {
            context.note(note);
        }
        let documents = [
            (PolicyDocument::LogsTrust, "logs-trust", stack.logs_role.trust.clone()),
            (PolicyDocument::Logs, "logs", stack.logs_role.policy.clone()),
            (PolicyDocument::Operator, "operator", grants::member_operator(&stack, all)),
            (PolicyDocument::Everyday, "everyday", grants::member_everyday(&stack, all)),
            (PolicyDocument::OnCall, "on-call", grants::member_on_call(&stack)),
        ];
        let chosen = documents.into_iter().filter(|(document, ..)| self.which.is_none_or(|w| w == *document));
        let policies: BTreeMap<_, _> = chosen.map(|(_, name, value)| (name, value)).collect();
        if policies.is_empty() {
            return Err(Error::usage(
                "a member account has no forwarder, and so no such policy",
                "print one of: logs-trust, logs, operator, everyday, on-call",
            ));
        }
        Ok(PolicyReport { policies })
    }
}

/// The warning for roles without a permissions boundary made for this stack.
fn missing_limit(boundary: Option<&str>) -> Option<&'static str> {
    match boundary {
        None => Some(UNBOUNDED),
        Some(arn) if arn.contains("::aws:policy/") => Some(BOUNDED_BY_AWS),
        Some(_) => None,
    }
}

/// What the documents for people (`operator`, `everyday`, `on-call`) depend on besides the stack.
fn people(stack: &Stack, grants: &Grants, observed: &Observed, all: bool) -> People {
    let wanted = stack.stream.kms_key.value.iter();
    let current = observed.stream.iter().filter_map(|stream| stream.kms_key.as_ref());
    let streams = stack.target.arn("kinesis", "stream/");
    let owner = |arn: &str| arn.strip_prefix(&streams).and_then(StackName::of_stream);
    // The account policy of another stack, or of a member, leaves out the log group of this stack's forwarder.
    let is_known =
        |policy: &&AccountPolicy| owner(&policy.destination_arn).is_some() || is_member_policy(policy);
    let policy = observed.account_policy.as_ref().filter(is_known);
    let other = policy.filter(|policy| owner(&policy.destination_arn).as_ref() != Some(&stack.name));
    People {
        stream_keys: wanted.chain(current).filter(|key| key.starts_with("arn:")).cloned().collect(),
        account_policy: all || policy.is_some(),
        secrets: grants.secrets.clone(),
        parameters: !grants.ssm_parameters.is_empty(),
        other_logs_roles: other.and_then(|policy| policy.role_arn.clone()).into_iter().collect(),
        alarms: stack.alarms.notify != Notify::AsItIs || !observed.alarms.is_empty(),
        mails: stack.alarms.email.is_some() || observed.topic.is_some() || observed.is_topic_unread,
        dashboard: stack.dashboard.is_some() || observed.dashboard.is_some(),
        accounts: stack.accounts.accepted.is_some()
            || observed.destination.is_some()
            || observed.accounts_role.is_some(),
        buckets: grants.buckets().map(ToOwned::to_owned).collect(),
        kept: grants.kept(&stack.names.stream).collect(),
        bucket_owner: grants.bucket_owner.clone(),
        network: grants.network,
    }
}

/// The policy that allows every verb for the stack that these flags and the file mean.
///
/// # Errors
/// A flag that cannot be used.
pub(super) fn operator(
    context: Context<'_>,
    wanted: &Wanted,
    target: &Target,
    scope: RoleScope,
    observed: &Observed,
) -> Result<Value> {
    let name = context.stack(&wanted.stack);
    let (stack, grants) = settings::outlined_stack(wanted, context.file, &name, target, scope, observed)?;
    let all = context.file.is_some_and(settings::File::has_account_policy);
    Ok(grants::operator(&stack, &people(&stack, &grants, observed, all)))
}

/// Renders one document, or all.
fn render(stack: &Stack, people: &People, which: Option<PolicyDocument>) -> PolicyReport {
    let mut forwarder = stack.function_role.policy.clone();
    for destination in &stack.isolation.destinations {
        let Names { function_log_group, .. } = stack.names.isolated(destination);
        documents::also_log_to(&mut forwarder, &stack.target, &function_log_group);
    }
    let all: [(PolicyDocument, &'static str, Value); 9] = [
        (PolicyDocument::LogsTrust, "logs-trust", stack.logs_role.trust.clone()),
        (PolicyDocument::Logs, "logs", stack.logs_role.policy.clone()),
        (PolicyDocument::ForwarderTrust, "forwarder-trust", stack.function_role.trust.clone()),
        (PolicyDocument::Forwarder, "forwarder", forwarder),
        (PolicyDocument::Operator, "operator", grants::operator(stack, people)),
        (PolicyDocument::Everyday, "everyday", grants::everyday(stack, people)),
        (PolicyDocument::OnCall, "on-call", grants::on_call(stack, people)),
        (PolicyDocument::Boundary, "boundary", grants::boundary(stack)),
        (PolicyDocument::Deployer, "deployer", grants::deployer(stack, people)),
    ];
    let chosen = all.into_iter().filter(|(document, ..)| which.is_none_or(|w| w == *document));
    PolicyReport { policies: chosen.map(|(_, name, value)| (name, value)).collect() }
}

impl fmt::Display for PolicyReport {
    /// A single document is printed alone, so that it can be piped into a file as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pretty = |value: &Value| serde_json::to_string_pretty(value).map_err(|_| fmt::Error);
        if let (1, Some(only)) = (self.policies.len(), self.policies.values().next()) {
            return f.write_str(&pretty(only)?);
        }
        for (i, (name, value)) in self.policies.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}# {name}\n{}", pretty(value)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_limits_only_where_it_is_made_for_the_stack() {
        assert_eq!(missing_limit(None), Some(UNBOUNDED));
        let of_aws = "arn:aws-cn:iam::aws:policy/AdministratorAccess";
        assert_eq!(missing_limit(Some(of_aws)), Some(BOUNDED_BY_AWS));
        assert_eq!(missing_limit(Some("arn:aws:iam::123456789012:policy/cwl2le-boundary")), None);
    }
}
