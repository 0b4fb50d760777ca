//! Reads what exists of a stack: independent reads at once, and as few as possible.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::try_join_all;

use super::failing::{Failing, Strict, Tolerant};
use super::role::observe::Roles;
use super::{
    Depth, Observed, ObservedAlarm, ObservedStream, ObservedTopic, Unread, account_policy, alarm, dashboard,
    filter, function, log_group, logs_destination, role, stream, topic, trigger,
};
use crate::aws::{Aws, AwsError};
use crate::error::{Error, Result};
use crate::stack::{DestinationArn, Names, RoleScope, StackName, Tags};

/// Reads what exists of a stack, and which of the two pairs of role names it uses. Reading every log group takes a
/// while in a large account: the notices count them.
///
/// # Errors
///
/// Whatever the reads fail with. What does not exist is no error, nor is a topic that may not be read.
pub async fn observe<'a>(
    aws: impl Into<Aws<'a>>,
    stack: &StackName,
    groups: &[String],
    depth: Depth,
) -> Result<(RoleScope, Observed)> {
    // In a box, as below: all reads together are a future of some 100 KB, which a build without optimization copies
    // into each caller's frame.
    Box::pin(read(aws.into(), stack, groups, depth, &Strict)).await
}

/// The same, where a read may fail or hang without taking the others along: what it would have found is missing from
/// what is returned, and its error is returned beside it. `limit` is the maximum time for one read.
///
/// # Errors
///
/// If the user stops it.
pub async fn observe_what_is_allowed<'a>(
    aws: impl Into<Aws<'a>>,
    stack: &StackName,
    depth: Depth,
    limit: Duration,
) -> Result<(RoleScope, Observed, BTreeMap<Unread, Error>)> {
    let tolerant = Tolerant::new(limit);
    let (scope, observed) = Box::pin(read(aws.into(), stack, &[], depth, &tolerant)).await?;
    Ok((scope, observed, tolerant.into_unread()))
}

/// Reads what exists in a member account: its role, the account policy, and log groups with their filters. It has no
/// stream and no function.
///
/// # Errors
///
/// Whatever the reads fail with.
pub async fn observe_member<'a>(
    aws: impl Into<Aws<'a>>,
    stack: &StackName,
    destination: &DestinationArn,
    groups: &[String],
    depth: Depth,
) -> Result<(RoleScope, Observed)> {
    let aws = aws.into();
    let ((scope, logs_role), account_policy, groups) = tokio::try_join!(
        named(role::observe::member_role(aws, stack, destination)),
        named(account_policy::aws::observe(aws)),
        filter::observe::observe_groups(aws, groups, depth),
    )?;
    Ok((scope, Observed { logs_role, account_policy, groups, ..Observed::default() }))
}

async fn read(
    aws: Aws<'_>,
    stack: &StackName,
    groups: &[String],
    depth: Depth,
    failing: &impl Failing,
) -> Result<(RoleScope, Observed)> {
    let target = &aws.session.target;
    // Names other than those of roles do not depend on the scope.
    let plain = Names::new(stack, &target.region, RoleScope::Plain);
    let (stream_arn, log_group, function) =
        (plain.stream_arn(target), &plain.function_log_group, &plain.function);
    let dashboard = stack.dashboard(&target.region);
    let is_deep = depth == Depth::Everything;
    let triggers = trigger::aws::observe_triggers(aws, &stream_arn, function, is_deep);
    let (
        roles,
        stream,
        log_group,
        function,
        triggers,
        account_policy,
        destination,
        alarms,
        dashboard,
        groups,
    ) = tokio::try_join!(
        failing.of(
            Unread::Roles,
            named(role::observe::roles(aws, stack, depth)),
            (RoleScope::Plain, Roles::default())
        ),
        failing.of(Unread::Stream, named(stream::aws::observe_stream(aws, &plain.stream, true)), None),
        failing.of(Unread::LogGroup, named(log_group::aws::observe_log_group(aws, target, log_group)), None),
        failing.of(Unread::Function, named(function::aws::observe_function(aws, function)), None),
        failing.of(Unread::Triggers, named(triggers), Default::default()),
        failing.of(Unread::AccountPolicy, named(account_policy::aws::observe(aws)), None),
        failing.of(
            Unread::Destination,
            named(logs_destination::aws::observe(aws, &plain.destination, &stream_arn)),
            (None, BTreeSet::new())
        ),
        alarms(aws, stack, failing),
        failing.of(
            Unread::Dashboard,
            named(dashboard::aws::observe(aws, &dashboard, target.dashboard_arn(&dashboard))),
            None
        ),
        failing.of(
            Unread::LogGroups,
            filter::observe::observe_groups(aws, groups, depth),
            BTreeMap::default()
        ),
    )?;
    let (scope, roles) = roles;
    let (triggers, mut functions, others) = triggers;
    let (alarms, topic, is_topic_unread) = alarms;
    let (destination, other_destinations) = destination;
    let isolated = function::observe::isolated(aws, &plain, others, function.as_ref());
    let isolated = failing.of(Unread::Isolated, isolated, BTreeMap::default()).await?;
    let consumers = stream.iter().flat_map(|stream: &ObservedStream| &stream.consumers);
    let by_consumers = try_join_all(consumers.map(|arn| trigger::aws::readers_by(aws, arn)));
    for by_consumer in failing.of(Unread::Readers, named(by_consumers), Vec::new()).await? {
        functions.extend(by_consumer);
    }
    let own = function.iter().flat_map(|function| function.log_groups());
    let writers = function::observe::writers(aws, &plain, own, &functions);
    let writers = failing.of(Unread::Readers, named(writers), BTreeMap::default()).await?;
    let canary = stack.canary_log_group();
    let canary = match groups.contains_key(&canary) {
        true => {
            let tags = log_group::aws::tags_of_log_group(aws, &canary);
            Some(failing.of(Unread::LogGroups, tags, Tags::default()).await?)
        }
        false => None,
    };
    let readers = functions.iter().map(|arn| trigger::aws::function_name(arn)).collect();
    let observed = Observed {
        proposed_shards: None,
        stream,
        logs_role: roles.logs,
        function_role: roles.function,
        accounts_role: roles.accounts,
        log_group,
        function,
        triggers,
        readers,
        writers,
        account_policy,
        groups,
        similar: BTreeMap::new(),
        canary,
        isolated,
        destination,
        other_destinations,
        alarms,
        topic,
        is_topic_unread,
        dashboard,
        time: None,
    };
    Ok((scope, observed))
}

/// The alarms, the topic of the stack if one of them notifies it, and whether that could not be read.
async fn alarms(
    aws: Aws<'_>,
    stack: &StackName,
    failing: &impl Failing,
) -> Result<(BTreeMap<String, ObservedAlarm>, Option<ObservedTopic>, bool)> {
    let alarms = alarm::aws::observe(aws, stack);
    let alarms = failing.of(Unread::Alarms, named(alarms), BTreeMap::default()).await?;
    let arn = aws.session.target.arn("sns", stack.alarm_topic());
    if !alarms.values().any(|alarm| alarm.rule.notify.contains(&arn)) {
        return Ok((alarms, None, false));
    }
    let topic = async { Ok((topic::aws::observe(aws, &arn).await?, false)) };
    let (topic, is_unread) = failing.of(Unread::Topic, topic, (None, true)).await?;
    Ok((alarms, topic, is_unread))
}

/// Gives an AWS error its place among the errors of the commands.
async fn named<T>(read: impl Future<Output = Result<T, AwsError>>) -> Result<T> {
    Ok(read.await?)
}
