//! The busiest minute of a stream in the last days.

use std::collections::BTreeMap;

use crate::aws::Aws;
use crate::aws::cloudwatch::{self, metric_data};
use crate::error::Result;
use crate::health::{Load, Metric, Metrics};

/// Reads it; none where nothing arrived. CloudWatch keeps values of a minute for 15 days.
pub(crate) async fn busiest(aws: Aws<'_>, stream: &str, days: u32) -> Result<Option<Load>> {
    let read = [Metric::StreamBytes, Metric::StreamRecords, Metric::StreamThrottled];
    let queries = read.map(|metric| {
        let row = metric.row();
        let metric = cloudwatch::Metric::new(row.namespace, row.name, &[("StreamName", stream)]);
        cloudwatch::Statistic { metric, statistic: "Sum", period: 60 }
    });
    let now = i64::try_from(aws.session.time()).unwrap_or_default();
    let (from, until) = ((now / 60 - i64::from(days) * 24 * 60) * 60, (now / 60 + 1) * 60);
    let values = metric_data(aws, &queries, from, until).await?;
    let series = read.into_iter().zip(values).map(|(metric, values)| {
        let points = values.into_iter().map(|(at, value)| (at * 1000, value)).collect();
        (metric, BTreeMap::from([(stream.to_owned(), points)]))
    });
    let metrics = Metrics { from: from * 1000, series: series.collect() };
    Ok(Load::busiest(&metrics, metrics.from))
}
