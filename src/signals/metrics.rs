//! The metrics of a stack, by one call as long as it has few enough log groups.

use super::forwarding::{Forwarding, LOG_GROUP};
use crate::aws::Aws;
use crate::aws::cloudwatch::{self, metric_data};
use crate::error::Result;
use crate::health::{Chain, Metric, Metrics, Statistic, Subject};
use crate::resources::ObservedTrigger;
use strum::VariantArray as _;

/// Seconds of one point.
const PERIOD: u32 = 60;
/// Maximum number of metrics of log groups that have trouble, of each kind.
const TROUBLED: usize = 100;

/// Whose metrics are read.
pub(super) struct Wanted<'a> {
    pub(super) chain: &'a Chain,
    /// The metrics of filters; none where they could not be listed.
    pub(super) forwarding: Option<&'a Forwarding>,
    /// Maximum number of log groups whose forwarded events are read: each costs as much as any other metric.
    pub(super) groups: usize,
}

/// Reads the points from one time to another, both in milliseconds since 1970.
pub(super) async fn metrics(aws: Aws<'_>, wanted: &Wanted<'_>, from: i64, until: i64) -> Result<Metrics> {
    let queries = queries(wanted);
    let statistics: Vec<cloudwatch::Statistic> = queries
        .iter()
        .map(|(metric, _, of)| {
            let statistic = match metric.row().statistic {
                Statistic::Sum => "Sum",
                Statistic::Maximum => "Maximum",
            };
            cloudwatch::Statistic { metric: of.clone(), statistic, period: PERIOD }
        })
        .collect();
    // Whole minutes: the points of a span that begins within one are different ones for each call.
    let minute = i64::from(PERIOD);
    let (from, until) = (from / 1000 / minute * minute, (until / 1000 / minute + 1) * minute);
    let values = metric_data(aws, &statistics, from, until).await?;
    let mut all = Metrics { from: from * 1000, ..Metrics::default() };
    for ((metric, subject, _), values) in queries.into_iter().zip(values) {
        let points = values.into_iter().map(|(at, value)| (at * 1000, value));
        all.series.entry(metric).or_default().entry(subject).or_default().extend(points);
    }
    // A log group may have two filters, which are two metrics.
    all.series
        .values_mut()
        .flat_map(|of| of.values_mut())
        .for_each(|points| points.sort_by_key(|(at, _)| *at));
    Ok(all)
}

/// Each metric with what it is about.
fn queries(wanted: &Wanted<'_>) -> Vec<(Metric, String, cloudwatch::Metric)> {
    let chain = wanted.chain;
    let mut functions = vec![chain.names.function.clone()];
    functions.extend(chain.isolated().map(|(names, _)| names.function));
    let mappings: Vec<&ObservedTrigger> = chain.mappings().collect();
    let mut all = Vec::new();
    for metric in Metric::VARIANTS {
        let row = metric.row();
        let mut add = |dimension: &str, subject: &str| {
            let of = cloudwatch::Metric::new(row.namespace, row.name, &[(dimension, subject)]);
            all.push((*metric, subject.to_owned(), of));
        };
        match row.subject {
            Subject::Stream => add("StreamName", &chain.names.stream),
            Subject::Function => functions.iter().for_each(|function| add("FunctionName", function)),
            Subject::Mapping => {
                mappings.iter().for_each(|mapping| add("EventSourceMappingUUID", &mapping.uuid))
            }
            Subject::Filter => {
                let most = if *metric == Metric::Forwarded { wanted.groups } else { TROUBLED };
                let ours = wanted.forwarding.iter().flat_map(|forwarding| &forwarding.metrics);
                let ours = ours.filter(|(of, _)| of == metric).take(most);
                all.extend(ours.map(|(_, found)| {
                    (*metric, found.dimensions.get(LOG_GROUP).cloned().unwrap_or_default(), found.clone())
                }));
            }
        }
    }
    all
}
