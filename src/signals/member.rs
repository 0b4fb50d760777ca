//! Reads what a member account shows of its subscriptions: what came in, and what CloudWatch Logs made of it. What
//! arrives in the other account is not to be seen from here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::forwarding::{LOG_GROUP, forwarding};
use crate::aws::Aws;
use crate::aws::cloudwatch::{Metric as AwsMetric, Statistic, metric_data};
use crate::error::{Error, Result};
use crate::health::Metric;
use crate::resources::{Depth, Observed, observe_member};
use crate::stack::{DestinationArn, Names, RoleScope, StackName};

/// Seconds of one point.
const PERIOD: u32 = 60;
/// Maximum number of log groups whose incoming events are read: each costs as much as any other metric.
const GROUPS: usize = 100;
/// Maximum number of metrics of subscriptions.
const METRICS: usize = 300;

/// What was counted within the window; a number without any point is none, which is not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Log events that came into the log groups.
    pub(crate) incoming: Option<u64>,
    /// Log events that CloudWatch Logs sent to the destination.
    pub(crate) forwarded: Option<u64>,
    /// Log events that it did not deliver and does not try again.
    pub(crate) errors: Option<u64>,
    /// Log events that were throttled. They are tried again for 24 hours.
    pub(crate) throttled: Option<u64>,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct MemberSignals {
    pub(crate) scope: RoleScope,
    /// With every log group of the region.
    pub(crate) observed: Observed,
    /// By log group; under the empty name, what the account policy leads.
    pub(crate) counts: Result<BTreeMap<String, Counts>>,
    /// Whether these are all: of very many log groups, some are not counted.
    pub(crate) is_whole: bool,
}

/// Reads the subscriptions of a stack to a destination, and their metrics of the last `window`.
///
/// # Errors
/// Whatever the reads fail with, but those of metrics.
pub(crate) async fn member_signals(
    aws: Aws<'_>,
    stack: &StackName,
    destination: &DestinationArn,
    window: Duration,
) -> Result<MemberSignals> {
    let (scope, observed) = observe_member(aws, stack, destination, &[], Depth::Everything).await?;
    let names = Names::of_member(stack, &aws.session.target.region, scope, destination);
    let mut is_whole = true;
    let counts = counts(aws, &names, &observed, window, &mut is_whole).await;
    Ok(MemberSignals { scope, observed, counts, is_whole })
}

async fn counts(
    aws: Aws<'_>,
    names: &Names,
    observed: &Observed,
    window: Duration,
    is_whole: &mut bool,
) -> Result<BTreeMap<String, Counts>> {
    let sink = names.sink_arn(&aws.session.target);
    let leads =
        |name: &&String| observed.groups[*name].filters.iter().any(|filter| filter.destination_arn == sink);
    let mut subscribed: BTreeSet<String> = observed.groups.keys().filter(leads).cloned().collect();
    let policy = observed.account_policy.as_ref().filter(|policy| policy.destination_arn == sink);
    subscribed.extend(policy.map(|_| String::new()));
    if subscribed.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Those with a name of their own, by `--filter-name`, send there as well.
    let filters = observed.groups.values().flat_map(|group| &group.filters);
    let leading = filters.filter(|filter| filter.destination_arn == sink).map(|filter| filter.name.as_str());
    let named: BTreeSet<&str> = leading.chain(policy.map(|policy| policy.name.as_str())).collect();
    let forwarding = forwarding(aws, names, &named).await?;
    *is_whole &= forwarding.is_whole && subscribed.len() <= GROUPS;
    let incoming = subscribed.iter().take(GROUPS).map(|group| {
        let dimensions: &[(&str, &str)] = if group.is_empty() { &[] } else { &[(LOG_GROUP, group.as_str())] };
        (group.clone(), None, AwsMetric::new("AWS/Logs", "IncomingLogEvents", dimensions))
    });
    let sent = forwarding.metrics.into_iter().filter_map(|(metric, found)| {
        let group = found.dimensions.get(LOG_GROUP).cloned().unwrap_or_default();
        subscribed.contains(&group).then_some((group, Some(metric), found))
    });
    let queries: Vec<(String, Option<Metric>, AwsMetric)> = incoming.chain(sent.take(METRICS)).collect();
    let statistics: Vec<Statistic> = queries
        .iter()
        .map(|(.., metric)| Statistic { metric: metric.clone(), statistic: "Sum", period: PERIOD })
        .collect();
    let (from, until) = span(aws.session.time(), window);
    let values = metric_data(aws, &statistics, from, until).await.map_err(Error::from)?;
    let mut all: BTreeMap<String, Counts> = BTreeMap::new();
    for ((group, metric, _), values) in queries.into_iter().zip(values) {
        let of = all.entry(group).or_default();
        let counter = match metric {
            None => &mut of.incoming,
            Some(Metric::Forwarded) => &mut of.forwarded,
            Some(Metric::DeliveryErrors) => &mut of.errors,
            Some(_) => &mut of.throttled,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of events")]
        let sum =
            values.iter().map(|(_, value)| *value).reduce(|sum, value| sum + value).map(|sum| sum as u64);
        *counter = match (*counter, sum) {
            (Some(before), Some(sum)) => Some(before + sum),
            (before, sum) => before.or(sum),
        };
    }
    Ok(all)
}

/// Whole minutes, in seconds since 1970.
fn span(now: u64, window: Duration) -> (i64, i64) {
    let minute = u64::from(PERIOD);
    let whole = |at: u64| i64::try_from(at / minute * minute).unwrap_or_default();
    (whole(now.saturating_sub(window.as_secs())), whole(now + minute))
}
