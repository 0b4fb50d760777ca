//! `cwl2le policies`: the IAM documents, for review before anything is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Context;
use crate::aws::{Depth, configured_region, observe};
use crate::cli::{Policies, PolicyDocument};
use crate::config::destinations::{file_grants, isolated_in};
use crate::error::{Code, Error, Result};
use crate::stack::policy::{self, Grants};
use crate::stack::{Names, RoleScope, StackName, Target};

/// The rendered documents by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PolicyReport(BTreeMap<&'static str, Value>);

/// With `--account` nothing is asked of AWS; without, the account is that of the credentials, and so are role names.
pub(crate) async fn run(context: Context<'_>, args: &Policies) -> Result<PolicyReport> {
    let name = context.stack(&args.stack);
    let (target, scope) = match &args.account {
        Some(account) => {
            let region = configured_region(context.aws).await?.ok_or_else(|| {
                Error::new(Code::NoRegion, "no region is given to render the documents for")
                    .hint("add --region, for example --region ap-northeast-1")
            })?;
            (Target { account: account.clone(), region }, RoleScope::Plain)
        }
        None => {
            let session = context.session().await?;
            let (scope, _) = observe(&session, &name, &[], Depth::Stack).await?;
            (session.target.clone(), scope)
        }
    };
    let mut grants = match context.file {
        Some(file) => file_grants(file, &target)?,
        None => Grants::default(),
    };
    if args.kms_key.is_some() {
        grants.kms_key_arn.clone_from(&args.kms_key);
    }
    let isolated = context.file.map(isolated_in).unwrap_or_default();
    Ok(render_with(&name, &target, scope, &grants, &isolated, args.which))
}

/// Renders one document, or all.
pub fn render(
    stack: &StackName,
    target: &Target,
    scope: RoleScope,
    kms_key_arn: Option<String>,
    which: Option<PolicyDocument>,
) -> PolicyReport {
    render_with(stack, target, scope, &Grants { kms_key_arn, ..Grants::default() }, &BTreeSet::new(), which)
}

/// As [`render`], for all that a configuration file can ask for.
fn render_with(
    stack: &StackName,
    target: &Target,
    scope: RoleScope,
    grants: &Grants,
    isolated: &BTreeSet<String>,
    which: Option<PolicyDocument>,
) -> PolicyReport {
    let names = Names::new(stack, &target.region, scope);
    let mut forwarder = policy::function_policy(target, &names, grants);
    for destination in isolated {
        policy::also_log_to(&mut forwarder, target, &names.isolated(destination).function_log_group);
    }
    let all: [(PolicyDocument, &'static str, Value); 5] = [
        (PolicyDocument::LogsTrust, "logs-trust", policy::logs_trust(target)),
        (PolicyDocument::Logs, "logs", policy::logs_policy(target, &names, grants)),
        (PolicyDocument::ForwarderTrust, "forwarder-trust", policy::function_trust(target)),
        (PolicyDocument::Forwarder, "forwarder", forwarder),
        (PolicyDocument::Operator, "operator", policy::operator_policy(target, stack)),
    ];
    let chosen = all.into_iter().filter(|(document, ..)| which.is_none_or(|w| w == *document));
    PolicyReport(chosen.map(|(_, name, value)| (name, value)).collect())
}

impl fmt::Display for PolicyReport {
    /// A single document is printed alone, so that it can be piped into a file as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pretty = |value: &Value| serde_json::to_string_pretty(value).map_err(|_| fmt::Error);
        if let (1, Some(only)) = (self.0.len(), self.0.values().next()) {
            return f.write_str(&pretty(only)?);
        }
        for (i, (name, value)) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}# {name}\n{}", pretty(value)?)?;
        }
        Ok(())
    }
}
