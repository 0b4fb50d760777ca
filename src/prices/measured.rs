//! What a stack used in a span of time, and what a month of that is charged for.

use super::bill::{Charge, GB, HOURS};
use super::item::Item;
use super::stream::{Capacity, Traffic};

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// What a stack used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Measured {
    /// The seconds in which it was used.
    pub(crate) seconds: f64,
    /// The stream as it is now; none where there is none.
    pub(crate) stream: Option<Capacity>,
    /// Records that were written to the stream.
    pub(crate) records: f64,
    /// Their bytes.
    pub(crate) bytes: f64,
    /// Its functions.
    pub(crate) functions: Vec<Used>,
    /// Number of alarms; none where it is not known.
    pub(crate) alarms: Option<usize>,
    /// Number of dashboards.
    pub(crate) dashboards: usize,
    /// Bytes that are kept in S3; none where they are not known.
    pub(crate) kept: Option<f64>,
}

/// What one function used.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Used {
    /// Its memory in MB.
    pub(crate) memory_mb: u32,
    /// Whether it runs on arm64.
    pub(crate) is_arm: bool,
    /// Invocations.
    pub(crate) invocations: f64,
    /// What they took, in milliseconds.
    pub(crate) milliseconds: f64,
    /// Bytes that it logged.
    pub(crate) log_bytes: f64,
    /// Hours in which each of its metrics got a value, added up.
    pub(crate) metric_hours: f64,
    /// Bytes that it sent to log services; none where CloudWatch has no metric of them.
    pub(crate) bytes_out: Option<f64>,
}

/// What a stack has used lately, and what would come beside it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Lately {
    /// What it has used.
    pub(crate) used: Measured,
    /// Bytes a month that log groups log which are to be subscribed.
    pub(crate) logged: f64,
}

impl Measured {
    /// How many times as long a month is.
    fn months(&self) -> f64 {
        if self.seconds > 0.0 { HOURS * HOUR / self.seconds } else { 0.0 }
    }

    /// What a month of it is charged for. What was not used, or is not known, is left out.
    pub(crate) fn charges(&self) -> Vec<Charge> {
        let months = self.months();
        let traffic = Traffic {
            records: self.records * months,
            bytes: self.bytes * months,
            #[expect(clippy::cast_precision_loss, reason = "a number of functions")]
            readers: self.functions.len() as f64,
        };
        let stream = self.stream.into_iter();
        let stream = stream.flat_map(|stream| [stream.fixed(), stream.by(&traffic)].concat());
        let functions = self.functions.iter().flat_map(|function| function.charges(months, self.seconds));
        let out = self.functions.iter().filter_map(|function| function.bytes_out);
        #[expect(clippy::cast_precision_loss, reason = "a number of alarms and dashboards")]
        let rest = [
            Charge::new(Item::AlarmMonth, self.alarms.unwrap_or_default() as f64),
            Charge::new(Item::DashboardMonth, self.dashboards as f64),
            Charge::new(Item::S3GbMonth, self.kept.unwrap_or_default() / GB),
            Charge::new(Item::DataOutGb, out.sum::<f64>() * months / GB),
        ];
        stream.chain(functions).chain(rest).filter(|charge| charge.quantity > 0.0).collect()
    }

    /// GB a month that the functions send to log services; none where that is not known of one of them.
    pub(crate) fn gb_out(&self) -> Option<f64> {
        let all: Option<Vec<f64>> = self.functions.iter().map(|function| function.bytes_out).collect();
        Some((all?.into_iter().sum::<f64>() + 0.0) * self.months() / GB)
    }
}

impl Used {
    fn charges(&self, months: f64, seconds: f64) -> [Charge; 4] {
        let time = if self.is_arm { Item::GbSecondArm } else { Item::GbSecond };
        let gb_seconds = self.milliseconds / 1000.0 * f64::from(self.memory_mb) / 1024.0;
        // An hour that has only begun is charged as one, but no metric is charged for more than the whole time.
        let hours = (seconds / HOUR).max(1.0);
        [
            Charge::new(Item::RequestsMillion, self.invocations * months / 1e6),
            Charge::new(time, gb_seconds * months),
            Charge::new(Item::LogsGb, self.log_bytes * months / GB),
            Charge::new(Item::MetricMonth, self.metric_hours / hours),
        ]
    }
}
