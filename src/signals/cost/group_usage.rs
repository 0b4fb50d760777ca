//! What log groups have logged, and what of it went into the stream.

use std::collections::BTreeMap;
use std::time::Duration;

use super::span::Span;
use crate::aws::Aws;
use crate::aws::cloudwatch::{Active, Metric, Statistic, Values, list_metrics, metric_data};
use crate::error::Result;
use crate::health::Probe;
use crate::signals::forwarding::{FILTER, LOG_GROUP, is_ours};
use crate::signals::probe::probe;
use crate::stack::Names;

/// Maximum time to read the metrics of many log groups.
const LIMIT: Duration = Duration::from_secs(60);
/// Maximum number of log groups that are read: two metrics each.
const GROUPS: usize = 1000;
/// Maximum number of pages of 500 metrics: of forwarded bytes, which every filter of the account and region has.
const PAGES: usize = 6;
const NAMESPACE: &str = "AWS/Logs";

/// What log groups with a subscription filter of the stack have logged and sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupsUsage {
    /// By name.
    pub(crate) groups: BTreeMap<String, GroupUsage>,
    /// Whether these are all that forwarded anything in the last two weeks.
    pub(crate) is_whole: bool,
    /// Bytes that went into the stream for each byte that they logged while they were subscribed; none where nothing did.
    pub(crate) compression: Option<f64>,
    /// Number of metrics that were read.
    pub(crate) metrics_read: usize,
}

/// What one log group has logged and sent, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct GroupUsage {
    /// What it logged.
    pub(crate) logged: f64,
    /// What CloudWatch Logs sent of it to the stream, compressed.
    pub(crate) forwarded: f64,
}

/// Reads those of the stack's filters. A filter carries no tags, so its name tells whose it is. CloudWatch lists
/// metrics that had values within two weeks.
pub(crate) async fn of_filters(aws: Aws<'_>, names: &Names, span: Span) -> Result<Probe<GroupsUsage>> {
    probe(aws.session.attempt(LIMIT), async {
        let any = Metric::new(NAMESPACE, "ForwardedBytes", &[]);
        let (found, more) = list_metrics(aws, &any, Active::Lately, PAGES).await?;
        let ours = found.into_iter().filter(|metric| {
            metric.dimensions.get(FILTER).is_some_and(|filter| is_ours(&names.filter, filter))
        });
        let mut by_group: BTreeMap<String, Vec<Metric>> = BTreeMap::new();
        for metric in ours {
            if let Some(group) = metric.dimensions.get(LOG_GROUP).cloned() {
                by_group.entry(group).or_default().push(metric);
            }
        }
        let is_whole = !more && by_group.len() <= GROUPS;
        let forwarded = by_group
            .into_iter()
            .take(GROUPS)
            .flat_map(|(group, metrics)| metrics.into_iter().map(move |metric| (group.clone(), metric)));
        let forwarded: Vec<(String, Metric)> = forwarded.collect();
        let read = read(aws, forwarded.iter().map(|(_, of)| of), span).await?;
        let mut sent: BTreeMap<String, Vec<Values>> = BTreeMap::new();
        for ((group, _), values) in forwarded.iter().zip(read) {
            sent.entry(group.clone()).or_default().push(values);
        }
        let logged = logged_by(aws, sent.keys(), span).await?;
        let metrics_read = forwarded.len() + logged.len();
        let groups = sent.into_iter().zip(logged).map(|((group, sent), logged)| (group, sent, logged));
        Ok(GroupsUsage { is_whole, metrics_read, ..add_up(groups, span.period()) })
    })
    .await
}

/// Adds up, for each log group, what its filters sent, each point by point, and what it logged.
fn add_up(groups: impl IntoIterator<Item = (String, Vec<Values>, Values)>, period: i64) -> GroupsUsage {
    let (mut all, mut while_subscribed, mut sent_by_filters) = (GroupsUsage::default(), 0.0, 0.0);
    for (group, sent, logged) in groups {
        // Several filters of one log group each send all of it.
        for values in &sent {
            // What is logged at the end of one point arrives in the next.
            let Some(since) = values.first().map(|(at, _)| at - period) else { continue };
            while_subscribed +=
                logged.iter().filter(|(at, _)| *at >= since).map(|(_, value)| value).sum::<f64>();
            sent_by_filters += sum(values);
        }
        let forwarded = sent.iter().map(sum).sum::<f64>() + 0.0;
        all.groups.insert(group, GroupUsage { logged: sum(&logged), forwarded });
    }
    let is_measured = while_subscribed > 0.0 && sent_by_filters > 0.0;
    all.compression = is_measured.then(|| sent_by_filters / while_subscribed);
    all
}

/// What each of these log groups has logged, in bytes, point by point, in their order.
///
/// # Errors
/// Whatever `cloudwatch:GetMetricData` fails with.
pub(crate) async fn logged_by<'a>(
    aws: Aws<'_>,
    groups: impl IntoIterator<Item = &'a String>,
    span: Span,
) -> Result<Vec<Values>> {
    let metrics =
        groups.into_iter().map(|group| Metric::new(NAMESPACE, "IncomingBytes", &[(LOG_GROUP, group)]));
    let metrics: Vec<Metric> = metrics.collect();
    read(aws, metrics.iter(), span).await
}

async fn read<'a>(
    aws: Aws<'_>,
    metrics: impl Iterator<Item = &'a Metric>,
    span: Span,
) -> Result<Vec<Values>> {
    let period = u32::try_from(span.period()).unwrap_or(60);
    let statistics: Vec<Statistic> =
        metrics.map(|metric| Statistic { metric: metric.clone(), statistic: "Sum", period }).collect();
    Ok(metric_data(aws, &statistics, span.from, span.until + 60).await?)
}

/// All points together; of none, zero without a sign.
fn sum(values: &Values) -> f64 {
    values.iter().map(|(_, value)| value).sum::<f64>() + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_that_of_the_time_in_which_a_log_group_was_subscribed() {
        let hour = |at: i64, value: f64| (at * 3600, value);
        let all = add_up(
            [
                // Subscribed in the third hour; the last of the second arrived in it.
                ("/late".to_owned(), vec![vec![hour(2, 30.0)]], (0..3).map(|at| hour(at, 100.0)).collect()),
                ("/twice".to_owned(), vec![vec![hour(0, 5.0)], vec![hour(0, 5.0)]], vec![hour(0, 50.0)]),
                ("/quiet".to_owned(), vec![Values::new()], vec![hour(0, 1e9)]),
            ],
            3600,
        );
        assert_eq!(all.compression, Some(40.0 / 300.0));
        assert_eq!(all.groups["/late"], GroupUsage { logged: 300.0, forwarded: 30.0 });
        assert_eq!(all.groups["/twice"], GroupUsage { logged: 50.0, forwarded: 10.0 });
        assert_eq!(all.groups["/quiet"], GroupUsage { logged: 1e9, forwarded: 0.0 });
        assert_eq!(add_up([], 60).compression, None);
    }
}
