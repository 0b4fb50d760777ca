//! Reads what exists of a stack: independent reads at once, and as few as possible.

use futures_util::future::try_join_all;

use super::{
    Depth, Observed, ObservedStream, account_policy, filter, function, log_group, role, stream, trigger,
};
use crate::aws::{Aws, AwsError};
use crate::error::Result;
use crate::stack::{Names, RoleScope, StackName};

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
        named(role::observe::roles(aws, stack, depth)),
        named(stream::aws::observe_stream(aws, &plain.stream, true)),
        named(log_group::aws::observe_log_group(aws, target, log_group)),
        named(function::aws::observe_function(aws, function)),
        named(trigger::aws::observe_triggers(aws, &stream_arn, function, depth == Depth::Everything)),
        named(account_policy::aws::observe(aws)),
        filter::observe::observe_groups(aws, groups, depth),
    )?;
    let (scope, logs_role, function_role) = roles;
    let (triggers, mut functions, others) = triggers;
    let isolated = function::observe::isolated(aws, &plain, others, function.as_ref()).await?;
    let consumers = stream.iter().flat_map(|stream: &ObservedStream| &stream.consumers);
    for by_consumer in try_join_all(consumers.map(|arn| trigger::aws::readers_by(aws, arn))).await? {
        functions.extend(by_consumer);
    }
    let own = function.as_ref().and_then(|function| function.log_group.clone());
    let writers = function::observe::writers(aws, &plain, own, &functions).await?;
    let canary = stack.canary_log_group();
    let canary = match groups.contains_key(&canary) {
        true => Some(log_group::aws::tags_of_log_group(aws, &canary).await?),
        false => None,
    };
    let readers = functions.iter().map(|arn| trigger::aws::function_name(arn)).collect();
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
        canary,
        isolated,
        time: None,
    };
    Ok((scope, observed))
}

/// Gives an AWS error its place among the errors of the commands.
async fn named<T>(read: impl Future<Output = Result<T, AwsError>>) -> Result<T> {
    Ok(read.await?)
}
