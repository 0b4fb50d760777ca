//! Whether AWS takes a stack as a whole: what depends on more than one value, checked before the first change.

use std::collections::BTreeMap;

use cwl2le_forwarder::aws::Partition;

use crate::error::{Code, Error, Result};
use crate::resources::logs_destination::desired::{ACCESS_POLICY, LONGEST_TRUST};
use crate::resources::role::documents::Grants;
use crate::resources::{Accepted, Notify, RoleSpec, Stack};
use crate::stack::Tags;
use crate::stack::arn::Arn;
use crate::stack::limits::model::{FILTER_NAME, LAMBDA_ROLE, LOG_GROUP_NAME, ROLE_NAME, STREAM_NAME, Shape};
use crate::stack::limits::{FUNCTION_NAME_LENGTH, ROLE_POLICY_SIZE, TAGS};
use crate::stack::names::OWN_TAGS;

/// Checks names, tags, ARNs and the sizes of policies.
///
/// # Errors
/// [`Code::Usage`]: the first value that AWS would refuse.
pub(super) fn check(stack: &Stack, grants: &Grants) -> Result<()> {
    tags(&stack.tags)?;
    names(stack)?;
    places(stack, grants)?;
    if let Some((problem, hint)) = stack.function.network.value.problem() {
        return Err(refused("--subnets", problem, hint));
    }
    for role in [&stack.logs_role, &stack.function_role] {
        policy_size(role)?;
    }
    accounts(stack)
}

fn refused(on: &str, problem: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::Usage, problem).on(on).hint(hint)
}

/// A resource takes so many tags, and IAM takes no two keys that differ in case only.
fn tags(tags: &Tags) -> Result<()> {
    let given = tags.keys().filter(|key| !key.starts_with("cwl2le:")).count();
    if given + OWN_TAGS > TAGS {
        let message = format!(
            "{given} tags are given, and AWS takes {TAGS} on a resource, {OWN_TAGS} of which cwl2le sets itself"
        );
        return Err(refused("--tag", message, "remove some of --tag and of [tags] in cwl2le.toml"));
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for key in tags.keys() {
        if let Some(before) = seen.insert(key.to_lowercase(), key) {
            let message =
                format!("the tags `{before}` and `{key}` are one to IAM, which ignores case in keys");
            return Err(refused(
                "--tag",
                message,
                "remove one of them from --tag or from [tags] in cwl2le.toml",
            ));
        }
    }
    Ok(())
}

/// What the names of the stack and of isolated destinations come to.
fn names(stack: &Stack) -> Result<()> {
    let names = &stack.names;
    let hint = "give a shorter name with --stack, or `stack` in cwl2le.toml";
    let named = |kind: &str, name: &str, shape: &Shape| {
        shape
            .check(name)
            .map_err(|problem| refused(name, format!("the {kind} would be called `{name}`: {problem}"), hint))
    };
    named("stream", &names.stream, &STREAM_NAME)?;
    named("role", &names.logs_role, &ROLE_NAME)?;
    named("role", &names.function_role, &ROLE_NAME)?;
    named("role", &names.accounts_role, &ROLE_NAME)?;
    named("subscription filter", &names.filter, &FILTER_NAME)?;
    for role in [&stack.logs_role.arn, &stack.function_role.arn] {
        named("role", role, &LAMBDA_ROLE)?;
    }
    let isolated = stack.isolation.destinations.iter().map(|destination| names.isolated(destination));
    for names in isolated.chain([names.clone()]) {
        named("log group", &names.function_log_group, &LOG_GROUP_NAME)?;
        let length = names.function.len();
        if length > FUNCTION_NAME_LENGTH {
            let message = format!(
                "the function would be called `{}`: it has {length} characters, and Lambda takes {FUNCTION_NAME_LENGTH}",
                names.function
            );
            return Err(refused(
                &names.function,
                message,
                "give the isolated destination or the stack a shorter name",
            ));
        }
    }
    Ok(())
}

/// Who may send lines: other accounts, and not more than the documents take that name them.
fn accounts(stack: &Stack) -> Result<()> {
    let Some(accepted) = stack.accounts.senders() else { return Ok(()) };
    let on = "--accept-accounts";
    if let Accepted::Accounts(ids) = accepted
        && ids.contains(&stack.target.account)
    {
        let message =
            format!("{} is the account of the stack itself, which needs no permission", stack.target.account);
        let hint = "remove it from --accept-accounts, or from `accept` in [accounts] of cwl2le.toml";
        return Err(refused(on, message, hint));
    }
    let arn = stack.destination_arn();
    if !accepted.fits(&stack.target, &arn) {
        let (trust, policy) = accepted.lengths(&stack.target, &arn);
        let message = format!(
            "for so many accounts the role's trust policy would have {trust} characters and the access policy {policy} bytes, \
             and AWS takes {LONGEST_TRUST} and {ACCESS_POLICY}"
        );
        let hint = "accept their organization with --accept-organization, or set up a second stack with --stack NAME for some";
        return Err(refused(on, message, hint));
    }
    Ok(())
}

/// ARNs of another partition, and a key of the stream from another region, cannot be used from here.
fn places(stack: &Stack, grants: &Grants) -> Result<()> {
    boundary(stack)?;
    let region = &stack.target.region;
    let boundary = stack.logs_role.boundary.as_ref();
    let topic = match &stack.alarms.notify {
        Notify::Topic(arn) => Some(arn),
        Notify::AsItIs | Notify::Nobody => None,
    };
    let given = [
        ("--alarms or alarms.notify", topic),
        ("--kms-key or stream.kms_key", grants.kms_key_arn.as_ref()),
        ("--on-failure or trigger.on_failure", grants.on_failure.as_ref()),
        ("--permissions-boundary or roles.permissions_boundary", boundary),
    ];
    let given = given.into_iter().filter_map(|(from, arn)| Some((from, arn?)));
    let references = [
        ("ssm", &grants.ssm_parameters),
        ("secretsmanager", &grants.secrets),
        ("kms_key", &grants.secret_keys),
    ];
    let references = references.into_iter().flat_map(|(from, arns)| arns.iter().map(move |arn| (from, arn)));
    for (from, text) in given.chain(references) {
        let Some(arn) = Arn::parse(text) else { continue };
        let hint = format!("give the ARN of one in {region}: see {from}");
        if arn.partition != region.partition() {
            let message = format!(
                "`{text}` is in the partition {} and this stack in {}: AWS keeps them apart",
                arn.partition,
                region.partition()
            );
            return Err(refused(text, message, hint));
        }
        if !arn.region.is_empty() && Partition::of_region(arn.region).is_none() {
            return Err(refused(
                text,
                format!("`{text}` is in `{}`, which is no AWS region", arn.region),
                hint,
            ));
        }
        if grants.kms_key_arn.as_ref() == Some(text) && arn.region != region.as_str() {
            let message = format!(
                "`{text}` is in {}, and a stream is encrypted with a key of its own region",
                arn.region
            );
            return Err(refused(text, message, hint));
        }
        if topic == Some(text) && arn.region != region.as_str() {
            let message =
                format!("`{text}` is in {}, and an alarm notifies a topic of its own region", arn.region);
            return Err(refused(text, message, hint));
        }
    }
    Ok(())
}

/// A permissions boundary is a policy of AWS, or of the account of the roles.
///
/// # Errors
/// [`Code::Usage`]: it is in another account.
fn boundary(stack: &Stack) -> Result<()> {
    let Some(text) = &stack.logs_role.boundary else { return Ok(()) };
    let account = &stack.target.account;
    match Arn::parse(text) {
        Some(arn) if arn.account != "aws" && arn.account != *account => {
            let message = format!(
                "`{text}` is in account {}; a permissions boundary must be in the account of the roles, {account}",
                arn.account
            );
            let hint = format!(
                "give the ARN of a policy in account {account} with --permissions-boundary or roles.permissions_boundary"
            );
            Err(refused(text, message, hint))
        }
        _ => Ok(()),
    }
}

/// IAM counts a role's inline policies without white space.
fn policy_size(role: &RoleSpec) -> Result<()> {
    let size = role.policy.to_string().chars().filter(|c| !c.is_whitespace()).count();
    if size <= ROLE_POLICY_SIZE {
        return Ok(());
    }
    let message = format!(
        "the policy of the role {} would have {size} characters, and IAM takes {ROLE_POLICY_SIZE}: every parameter, secret and \
         key that the function reads is a statement of its own",
        role.name
    );
    let hint = "keep several tokens in one secret and name each with NAME#KEY, or spread the destinations over stacks";
    Err(refused(&role.name, message, hint))
}
