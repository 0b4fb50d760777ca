//! Which log groups CloudWatch Logs has forwarded from lately, by the metrics that it makes of this.

use std::collections::BTreeSet;

use crate::aws::Aws;
use crate::aws::cloudwatch::{self, Active, list_metrics};
use crate::error::Result;
use crate::health::{ActiveGroups, Metric};
use crate::stack::{Names, is_canary};

/// Maximum number of pages of 500 metrics that are read: of forwarded events, which every filter of the account and
/// region has, and of each kind of trouble.
const PAGES: [(Metric, usize); 3] =
    [(Metric::Forwarded, 3), (Metric::DeliveryErrors, 1), (Metric::DeliveryThrottling, 1)];

/// The dimension that has the name of the filter or of the account policy.
pub(super) const FILTER: &str = "FilterName";
/// The dimension that has the log group; an account policy has none.
pub(super) const LOG_GROUP: &str = "LogGroupName";

/// The metrics of this stack's filters and account policy that had values within three hours.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Forwarding {
    /// Each with its dimensions, as CloudWatch names them.
    pub(super) metrics: Vec<(Metric, cloudwatch::Metric)>,
    /// Whether these are all.
    pub(super) is_whole: bool,
}

/// Lists them. A filter carries no tags, so its name tells whose it is: ours, or one of `others`.
pub(super) async fn forwarding(aws: Aws<'_>, names: &Names, others: &BTreeSet<&str>) -> Result<Forwarding> {
    let read = PAGES.map(|(metric, pages)| async move {
        let row = metric.row();
        let any = cloudwatch::Metric::new(row.namespace, row.name, &[]);
        let (found, more) = list_metrics(aws, &any, Active::Now, pages).await?;
        Ok::<_, crate::error::Error>((metric, found, more))
    });
    let mut all = Forwarding { metrics: Vec::new(), is_whole: true };
    for (metric, found, more) in futures_util::future::try_join_all(read).await? {
        all.is_whole &= !more;
        let ours = found.into_iter().filter(|found| {
            found.dimensions.get(FILTER).is_some_and(|filter| {
                is_ours(&names.filter, filter) || others.iter().any(|other| is_ours(other, filter))
            })
        });
        all.metrics.extend(ours.map(|found| (metric, found)));
    }
    Ok(all)
}

/// Whether a filter has our name, or that of one that pins a destination. CloudWatch writes `?` for what is not ASCII;
/// it may do the same for `@`.
pub(super) fn is_ours(own: &str, filter: &str) -> bool {
    filter.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '?']))
}

impl Forwarding {
    /// The log groups that events were forwarded from. That of `cwl2le test` is not one of them: it exists for a minute,
    /// and its metrics for three hours.
    pub(super) fn groups(&self) -> ActiveGroups {
        let forwarded = self.metrics.iter().filter(|(metric, _)| *metric == Metric::Forwarded);
        let names: BTreeSet<String> = forwarded
            .filter_map(|(_, found)| found.dimensions.get(LOG_GROUP).cloned())
            .filter(|log_group| !is_canary(log_group))
            .collect();
        ActiveGroups { names, is_whole: self.is_whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_group_of_a_test_is_no_log_group_of_the_stack() {
        let stack: crate::stack::StackName = "blue".parse().expect("a name");
        let of = |metric, log_group: &str| {
            (metric, cloudwatch::Metric::new("AWS/Logs", "ForwardedLogEvents", &[(LOG_GROUP, log_group)]))
        };
        let metrics = vec![
            of(Metric::Forwarded, "/app/a"),
            of(Metric::Forwarded, &stack.canary_log_group()),
            of(Metric::DeliveryErrors, "/app/b"),
        ];
        let groups = Forwarding { metrics, is_whole: true }.groups();
        assert!(groups.names.iter().eq(["/app/a"]) && groups.is_whole, "{groups:?}");
    }

    #[test]
    fn our_filters_are_known_by_their_names() {
        let is = |filter| is_ours("cloudwatchLogsFilter", filter);
        assert!(
            is("cloudwatchLogsFilter")
                && is("cloudwatchLogsFilter@audit")
                && is("cloudwatchLogsFilter?audit")
        );
        assert!(!is("cloudwatchLogsFilter2") && !is("blue-cloudwatchLogsFilter") && !is(""));
    }
}
