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
        let mut all = GroupsUsage { is_whole, ..GroupsUsage::default() };
        for ((group, _), values) in
            forwarded.iter().zip(read(aws, forwarded.iter().map(|(_, of)| of), span).await?)
        {
            all.groups.entry(group.clone()).or_default().forwarded += sum(&values);
        }
        let logged = logged_by(aws, all.groups.keys(), span).await?;
        all.metrics_read = forwarded.len() + logged.len();
        for (usage, values) in all.groups.values_mut().zip(logged) {
            usage.logged = sum(&values);
        }
        Ok(all)
    })
    .await
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
