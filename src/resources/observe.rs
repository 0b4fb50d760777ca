//! Reads what exists of a stack: independent reads at once, and as few as possible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::aws::{Aws, AwsError, Notice};
use crate::error::{Error, Result};
use crate::resources::account_policy::aws as account_policy;
use crate::resources::function::aws as lambda;
use crate::resources::log_group::aws as logs;
use crate::resources::role::aws as iam;
use crate::resources::stream::aws as kinesis;
use crate::resources::trigger::aws as trigger;
use crate::resources::trigger::aws::Mappings;
use crate::resources::{
    LogGroup, Observed, ObservedForwarder, ObservedFunction, ObservedGroup, ObservedRole, ObservedStream,
    current_config, list_log_groups,
};
use crate::stack::{Names, RoleScope, StackName};

/// How many log groups are read at once; the pace of the calls is decided elsewhere.
const GROUPS_AT_ONCE: usize = 16;

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What setup and subscribe decide on: the stack's own resources, of a role only the stack's own policy, and the
    /// log groups that are named.
    Stack,
    /// Also what others attached: all policies of the roles, the forwarder's triggers from elsewhere, and every log group of
    /// the region, because filters carry no tags and are found only by looking.
    Everything,
}

/// Reads what exists of a stack, and which of the two pairs of role names it uses. Reading every log group takes a
/// while in a large account: the notices count them.
///
/// # Errors
///
/// Whatever the reads fail with. What does not exist is no error.
pub async fn observe<'a>(
    aws: impl Into<Aws<'a>>,
    stack: &StackName,
    groups: &[String],
    depth: Depth,
) -> Result<(RoleScope, Observed)> {
    let aws = aws.into();
    let target = &aws.session.target;
    // Names other than those of roles do not depend on the scope.
    let plain = Names::new(stack, &target.region, RoleScope::Plain);
    let (stream_arn, log_group, function) =
        (plain.stream_arn(target), &plain.function_log_group, &plain.function);
    let (roles, stream, log_group, function, triggers, account_policy, groups) = tokio::try_join!(
        named(roles(aws, stack, depth)),
        named(kinesis::observe_stream(aws, &plain.stream, true)),
        named(logs::observe_log_group(aws, target, log_group)),
        named(lambda::observe_function(aws, function)),
        named(trigger::observe_triggers(aws, &stream_arn, function, depth == Depth::Everything)),
        named(account_policy::observe(aws)),
        observe_groups(aws, groups, depth),
    )?;
    let (scope, logs_role, function_role) = roles;
    let (triggers, mut functions, others) = triggers;
    let isolated = isolated(aws, &plain, others, function.as_ref()).await?;
    let consumers = stream.iter().flat_map(|stream: &ObservedStream| &stream.consumers);
    for by_consumer in try_join_all(consumers.map(|arn| trigger::readers_by(aws, arn))).await? {
        functions.extend(by_consumer);
    }
    let own = function.as_ref().and_then(|function| function.log_group.clone());
    let writers = writers(aws, &plain, own, &functions).await?;
    let readers = functions.iter().map(|arn| trigger::function_name(arn)).collect();
    let observed = Observed {
        stream,
        logs_role,
        function_role,
        log_group,
        function,
        triggers,
        readers,
        writers,
        account_policy,
        groups,
        isolated,
        time: None,
    };
    Ok((scope, observed))
}

/// What there is of functions of isolated destinations. They are known by their names: of functions that read the stream, and
/// of log groups, because that of a function is made before it and removed after it. So what an interrupted run leaves is found
/// without the configuration that it was made by.
async fn isolated(
    aws: Aws<'_>,
    names: &Names,
    mut triggers: Mappings,
    main: Option<&ObservedFunction>,
) -> Result<BTreeMap<String, ObservedForwarder>> {
    let log_groups = list_log_groups(aws, Some(&format!("{}-", names.function_log_group))).await?;
    let named = log_groups.iter().filter_map(|group| group.name.strip_prefix("/aws/lambda/"));
    let functions = named.chain(triggers.keys().map(String::as_str));
    let mut destinations: BTreeSet<String> = functions
        .filter_map(|function| names.isolated_destination(function))
        .map(ToOwned::to_owned)
        .collect();
    let config = main.and_then(current_config);
    destinations.extend(config.into_iter().flat_map(|config| config.elsewhere));
    let read = try_join_all(destinations.into_iter().map(async |destination| {
        let names = names.isolated(&destination);
        let (function, log_group) = tokio::try_join!(
            lambda::observe_function(aws, &names.function),
            logs::observe_log_group(aws, &aws.session.target, &names.function_log_group),
        )?;
        Ok::<_, AwsError>((destination, names, function, log_group))
    }))
    .await?;
    let there =
        read.into_iter().filter(|(_, _, function, log_group)| function.is_some() || log_group.is_some());
    Ok(there
        .map(|(destination, names, function, log_group)| {
            let triggers = triggers.remove(&names.function).unwrap_or_default();
            (destination, ObservedForwarder { function, log_group, triggers })
        })
        .collect())
}

/// Where the functions that read the stream log to, if not to the group of their name: a call for each that is not ours.
async fn writers(
    aws: Aws<'_>,
    names: &Names,
    own: Option<String>,
    functions: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let others = functions.iter().filter(|arn| trigger::function_name(arn) != names.function);
    let read = try_join_all(others.map(async |arn| {
        Ok::<_, AwsError>((lambda::log_group_of(aws, arn).await?, trigger::function_name(arn)))
    }));
    let all = read.await?.into_iter().chain([(own, names.function.clone())]);
    let named = all.filter_map(|(log_group, function)| Some((log_group?, function)));
    Ok(named.filter(|(log_group, function)| *log_group != format!("/aws/lambda/{function}")).collect())
}

/// Gives an AWS error its place among the errors of the commands.
async fn named<T>(read: impl Future<Output = Result<T, AwsError>>) -> Result<T> {
    Ok(read.await?)
}

/// Both pairs of roles decide the scope; the policies are read of the pair that is in use.
async fn roles(
    aws: Aws<'_>,
    stack: &StackName,
    depth: Depth,
) -> Result<(RoleScope, Option<ObservedRole>, Option<ObservedRole>), AwsError> {
    let region = &aws.session.target.region;
    let plain = Names::new(stack, region, RoleScope::Plain);
    let regional = Names::new(stack, region, RoleScope::Regional);
    let (plain_logs, plain_function, regional_logs, regional_function) = tokio::try_join!(
        iam::role(aws, &plain.logs_role),
        iam::role(aws, &plain.function_role),
        iam::role(aws, &regional.logs_role),
        iam::role(aws, &regional.function_role),
    )?;
    let scope = RoleScope::decide(
        region,
        [&plain_logs, &plain_function].into_iter().flatten().map(|role| &role.tags),
        regional_logs.is_some() || regional_function.is_some(),
    );
    let (names, logs, function) = match scope {
        RoleScope::Plain => (plain, plain_logs, plain_function),
        RoleScope::Regional => (regional, regional_logs, regional_function),
    };
    let (logs, function) = tokio::try_join!(
        with_policies(aws, logs, &names.logs_policy, depth),
        with_policies(aws, function, &names.function_policy, depth),
    )?;
    Ok((scope, logs, function))
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
            let (names, attached) = tokio::try_join!(
                iam::policy_names(aws, &role.name),
                iam::attached_policies(aws, &role.name)
            )?;
            role.attached = attached;
            names
        }
    };
    for name in names {
        if let Some(policy) = iam::role_policy(aws, &role.name, &name).await? {
            role.policies.insert(name, policy);
        }
    }
    Ok(Some(role))
}

async fn observe_groups(
    aws: Aws<'_>,
    names: &[String],
    depth: Depth,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let groups: Vec<(String, Option<LogGroup>)> = match depth {
        Depth::Stack => names.iter().map(|name| (name.clone(), None)).collect(),
        Depth::Everything => {
            let all = list_log_groups(aws, None).await?;
            all.into_iter().map(|group| (group.name.clone(), Some(group))).collect()
        }
    };
    read_groups(aws, groups).await
}

/// Log groups that were listed, with their subscription filters: a call each. The notices count them.
///
/// # Errors
///
/// Whatever `logs:DescribeSubscriptionFilters` fails with. A group that is gone by now is absent.
pub async fn observe_log_groups<'a>(
    aws: impl Into<Aws<'a>>,
    listed: Vec<LogGroup>,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let groups = listed.into_iter().map(|group| (group.name.clone(), Some(group))).collect();
    read_groups(aws.into(), groups).await
}

async fn read_groups(
    aws: Aws<'_>,
    groups: Vec<(String, Option<LogGroup>)>,
) -> Result<BTreeMap<String, ObservedGroup>> {
    let (done, total) = (AtomicUsize::new(0), groups.len());
    let read = stream::iter(groups).map(|(name, listed)| {
        let done = &done;
        async move {
            // What has been listed needs no second look at its class.
            let group = match listed {
                Some(listed) => logs::with_filters(aws, listed).await?,
                None => logs::observe_group(aws, &name).await?,
            };
            (aws.notice)(Notice::Read { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
            Ok::<_, Error>((name, group))
        }
    });
    let read: Vec<_> = read.buffer_unordered(GROUPS_AT_ONCE).try_collect().await?;
    Ok(read.into_iter().filter_map(|(name, group)| Some((name, group?))).collect())
}
