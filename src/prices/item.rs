//! What is charged for.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Something that AWS charges for, named as in `prices.toml`. All prices are in USD.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Item {
    /// An hour of a provisioned shard.
    ShardHour,
    /// A million PUT payload units: each record is one for every 25 KB that it begins.
    PutUnitsMillion,
    /// An hour of a provisioned shard that keeps records for more than 24 hours, beside [`Self::ShardHour`].
    RetentionShardHour,
    /// A GB that a stream of either mode keeps for a month beyond 7 days.
    LongRetentionGbMonth,
    /// An hour of a stream on demand.
    OnDemandHour,
    /// A GB that is written to a stream on demand; each record counts in full KB.
    OnDemandGbIn,
    /// A GB that is read from a stream on demand.
    OnDemandGbOut,
    /// A GB that a stream on demand keeps for a month beyond 24 hours, up to 7 days.
    OnDemandRetentionGbMonth,
    /// A million invocations.
    RequestsMillion,
    /// A GB-second of Lambda on x86_64.
    GbSecond,
    /// A GB-second of Lambda on arm64.
    GbSecondArm,
    /// A GB that CloudWatch Logs takes into a log group of the standard class.
    LogsGb,
    /// A custom metric for a month: one of the first 10,000.
    MetricMonth,
    /// A standard alarm of one metric for a month.
    AlarmMonth,
    /// A dashboard for a month.
    DashboardMonth,
    /// A GB of the first 10 TB a month that leave AWS for the internet.
    DataOutGb,
    /// A GB that S3 Standard keeps for a month.
    S3GbMonth,
    /// A thousand metrics that `GetMetricData` reads.
    ReadMetricsThousand,
}

impl Item {
    /// Its key in a table of prices.
    pub(crate) fn key(self) -> &'static str {
        self.into()
    }

    /// What it is, as a row of a bill names it.
    pub(crate) const fn label(self) -> &'static str {
        self.row().0
    }

    /// The unit of its price, such as `hour`.
    pub(crate) const fn unit(self) -> &'static str {
        self.row().1
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::ShardHour => ("shards", "shard-hour"),
            Self::PutUnitsMillion => ("PUT payload units", "million"),
            Self::RetentionShardHour => ("retention beyond 24 h", "shard-hour"),
            Self::LongRetentionGbMonth => ("retention beyond 7 days", "GB-month"),
            Self::OnDemandHour => ("stream on demand", "hour"),
            Self::OnDemandGbIn => ("on demand, written", "GB"),
            Self::OnDemandGbOut => ("on demand, read", "GB"),
            Self::OnDemandRetentionGbMonth => ("on demand, beyond 24 h", "GB-month"),
            Self::RequestsMillion => ("invocations", "million"),
            Self::GbSecond => ("Lambda time", "GB-second"),
            Self::GbSecondArm => ("Lambda time on arm64", "GB-second"),
            Self::LogsGb => ("forwarder's own log", "GB"),
            Self::MetricMonth => ("forwarder's metrics", "metric-month"),
            Self::AlarmMonth => ("alarms", "alarm-month"),
            Self::DashboardMonth => ("dashboards", "dashboard-month"),
            Self::DataOutGb => ("data out", "GB"),
            Self::S3GbMonth => ("kept in S3", "GB-month"),
            Self::ReadMetricsThousand => ("reading metrics", "thousand"),
        }
    }
}
