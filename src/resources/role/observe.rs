//! Reads the roles, and which of the two pairs of role names a stack uses.

use super::aws::{attached_policies, policy_names, role, role_policy};
use super::observed::ObservedRole;
use crate::aws::{Aws, AwsError};
use crate::resources::depth::Depth;
use crate::stack::{DestinationArn, Names, RoleScope, StackName};

/// The roles of a stack, where they exist.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// The one that CloudWatch Logs assumes.
    pub(crate) logs: Option<ObservedRole>,
    /// The execution role of the forwarder.
    pub(crate) function: Option<ObservedRole>,
    /// That of the destination for other accounts.
    pub(crate) accounts: Option<ObservedRole>,
}

/// Both pairs of roles decide the scope; the policies are read of the pair that is in use.
pub(crate) async fn roles(
    aws: Aws<'_>,
    stack: &StackName,
    depth: Depth,
) -> Result<(RoleScope, Roles), AwsError> {
    let region = &aws.session.target.region;
    let plain = Names::new(stack, region, RoleScope::Plain);
    let regional = Names::new(stack, region, RoleScope::Regional);
    let (plain_logs, plain_function, regional_logs, regional_function) = tokio::try_join!(
        role(aws, &plain.logs_role),
        role(aws, &plain.function_role),
        role(aws, &regional.logs_role),
        role(aws, &regional.function_role),
    )?;
    // A teardown that was interrupted may leave the role of the destination alone.
    let nothing =
        [&plain_logs, &plain_function, &regional_logs, &regional_function].iter().all(|role| role.is_none());
    let regional_accounts = nothing && role(aws, &regional.accounts_role).await?.is_some();
    let scope = RoleScope::decide(
        region,
        [&plain_logs, &plain_function].into_iter().flatten().map(|role| &role.tags),
        regional_logs.is_some() || regional_function.is_some() || regional_accounts,
    );
    let (names, logs, function) = match scope {
        RoleScope::Plain => (plain, plain_logs, plain_function),
        RoleScope::Regional => (regional, regional_logs, regional_function),
    };
    let accounts =
        async { with_policies(aws, role(aws, &names.accounts_role).await?, &names.logs_policy, depth).await };
    let (logs, function, accounts) = tokio::try_join!(
        with_policies(aws, logs, &names.logs_policy, depth),
        with_policies(aws, function, &names.function_policy, depth),
        accounts,
    )?;
    Ok((scope, Roles { logs, function, accounts }))
}

/// The role of a member account with everything on it, and which of its two names is in use.
pub(crate) async fn member_role(
    aws: Aws<'_>,
    stack: &StackName,
    destination: &DestinationArn,
) -> Result<(RoleScope, Option<ObservedRole>), AwsError> {
    let region = &aws.session.target.region;
    let names = |scope| Names::of_member(stack, region, scope, destination);
    let (plain_names, regional_names) = (names(RoleScope::Plain), names(RoleScope::Regional));
    let (plain, regional) =
        tokio::try_join!(role(aws, &plain_names.logs_role), role(aws, &regional_names.logs_role))?;
    let scope = RoleScope::decide(region, plain.iter().map(|role| &role.tags), regional.is_some());
    let (names, role) = match scope {
        RoleScope::Plain => (plain_names, plain),
        RoleScope::Regional => (regional_names, regional),
    };
    // It is removed with the last subscription that uses it, so whatever else is on it has to be known.
    let role = with_policies(aws, role, &names.logs_policy, Depth::Everything).await?;
    Ok((scope, role))
}

async fn with_policies(
    aws: Aws<'_>,
    role: Option<ObservedRole>,
    own: &str,
    depth: Depth,
) -> Result<Option<ObservedRole>, AwsError> {
    let Some(mut role) = role else { return Ok(None) };
    let names = match depth {
        Depth::Stack => vec![own.to_owned()],
        Depth::Everything => {
            let (names, attached) =
                tokio::try_join!(policy_names(aws, &role.name), attached_policies(aws, &role.name))?;
            role.attached = attached;
            names
        }
    };
    for name in names {
        if let Some(policy) = role_policy(aws, &role.name, &name).await? {
            role.policies.insert(name, policy);
        }
    }
    Ok(Some(role))
}
