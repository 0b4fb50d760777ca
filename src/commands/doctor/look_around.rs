//! Reads what lies around the chain: each part by itself, so that one that is denied does not hide the others.

use std::collections::BTreeSet;
use std::time::Duration;

use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::destination::Timeouts;
use cwl2le_forwarder::destination::probe::reach;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::around::{Activity, Around, Groups, LogPolicies, Reached};
use super::finding::Finding;
use crate::aws::Session;
use crate::aws::cloudwatch::{Active, Metric, list_metrics};
use crate::aws::log_policies::{on_metric_extraction, on_retention};
use crate::error::{Code, Error, Result};
use crate::health::{Chain, Probe, Unknown};
use crate::resources::{Observed, Stack, Unread, list_log_groups, observe_log_groups, whole_config};
use crate::settings::{File, what_and_where};
use crate::stack::{Names, RoleScope, StackName};
use crate::workflow::plan_stack::plan_subscriptions;
use crate::workflow::{Context, unknown_stack};

/// Maximum time for all log services together to answer.
const REACH: Duration = Duration::from_secs(6);
/// Maximum number of pages of 500 log groups that are looked at for their metrics.
const PAGES: usize = 4;

/// Reads it.
///
/// # Errors
/// A stop.
pub(super) async fn look_around(
    context: Context<'_>,
    session: &Session,
    name: &StackName,
    chain: &Chain,
) -> Result<Around> {
    let config = whole_config(&chain.observed.in_force()).ok().flatten().map(|whole| whole.config);
    let file = context.file.filter(|file| file.has_destinations());
    let is_there = chain.observed.stream.is_some() || chain.observed.function.is_some();
    let instead = async {
        if is_there { None } else { unknown_stack::instead(name, &unknown_stack::stacks(session).await?) }
    };
    let (groups, policies, instead) =
        tokio::join!(groups(context, session, name, chain), policies(session), instead);
    Ok(Around {
        file: file.map(|file| file.path().display().to_string()),
        config,
        groups: unread(groups)?,
        policies: unread(policies)?,
        reached: Vec::new(),
        instead,
    })
}

/// What was read, or a finding that says why it is unknown.
///
/// # Errors
/// A stop.
pub(super) fn unread<T>(read: Result<T>) -> Result<Result<T, Finding>> {
    match read {
        Err(error) if error.code == Code::Interrupted => Err(error),
        Err(error) => Ok(Err(Finding::from(&unknown(&error)))),
        Ok(read) => Ok(Ok(read)),
    }
}

/// Why something is unknown.
pub(super) fn unknown(error: &Error) -> Unknown {
    let action = error.aws.as_ref().filter(|_| error.code == Code::AccessDenied);
    Unknown { why: error.to_string(), action: action.map(|aws| format!("{}:{}", aws.service, aws.operation)) }
}

/// What the file says of log groups, against what there is: reads every log group of the region, with a call each.
async fn groups(
    context: Context<'_>,
    session: &Session,
    name: &StackName,
    chain: &Chain,
) -> Result<Option<Groups>> {
    if !context.file.is_some_and(File::has_subscriptions) {
        return Ok(None);
    }
    // What reads the stream must not be subscribed, and the account policy decides on the rest.
    for needed in
        [Unread::Function, Unread::Triggers, Unread::Isolated, Unread::Readers, Unread::AccountPolicy]
    {
        if let Some(Unknown { why, .. }) = chain.unread.get(&needed) {
            return Err(Error::new(Code::Aws, format!("{} could not be read: {why}", needed.name())));
        }
    }
    let listed = list_log_groups(session, None).await?;
    let observed = Observed { groups: observe_log_groups(session, listed).await?, ..chain.observed.clone() };
    let Some((stack, plan)) =
        plan_subscriptions(context, session, name, scope_of(name, chain), &observed).await?
    else {
        return Ok(None);
    };
    let activity = activity(session).await;
    Ok(Some(Groups { plan, subscribed: subscribed(&stack, &observed), activity }))
}

/// Which of the two pairs of role names a stack uses.
pub(super) fn scope_of(name: &StackName, chain: &Chain) -> RoleScope {
    let plain = Names::new(name, &chain.target.region, RoleScope::Plain);
    if chain.names.logs_role == plain.logs_role { RoleScope::Plain } else { RoleScope::Regional }
}

/// The log groups that have a filter to the stream.
fn subscribed(stack: &Stack, observed: &Observed) -> BTreeSet<String> {
    let stream = stack.names.stream_arn(&stack.target);
    let leads = observed
        .groups
        .iter()
        .filter(|(_, group)| group.filters.iter().any(|filter| filter.destination_arn == stream));
    leads.map(|(name, _)| name.clone()).collect()
}

/// Which log groups got events, and which put some into a stream.
async fn activity(session: &Session) -> Probe<Activity> {
    let of = async |name: &str| {
        let metric = Metric::new("AWS/Logs", name, &[]);
        let found = list_metrics(session.into(), &metric, Active::Now, PAGES).await;
        let (metrics, more) = found.map_err(|error| unknown(&error.into()))?;
        let names = metrics.into_iter().filter_map(|mut metric| metric.dimensions.remove("LogGroupName"));
        Ok((names.collect::<BTreeSet<String>>(), more))
    };
    let (logging, forwarding) = tokio::join!(of("IncomingLogEvents"), of("ForwardedLogEvents"));
    let ((logging, more_logging), (forwarding, more_forwarding)) = (logging?, forwarding?);
    Ok(Activity { logging, forwarding, is_whole: !more_logging && !more_forwarding })
}

/// The policies of the account on all of its logs.
async fn policies(session: &Session) -> Result<LogPolicies> {
    let (metric_extraction, retention) =
        tokio::try_join!(on_metric_extraction(session.into()), on_retention(session.into()))?;
    Ok(LogPolicies { metric_extraction, retention })
}

/// Connects to each log service as a delivery does, and sends nothing.
pub(super) async fn reached(config: &Config) -> Vec<Reached> {
    let until = Instant::now() + REACH;
    join_all(config.destinations.iter().map(async |(name, settings)| Reached {
        destination: name.clone(),
        service: what_and_where(settings),
        answer: reach(settings, Timeouts::default(), until).await,
    }))
    .await
}
