//! How much passes each hop of a chain.

use super::load::Load;
use super::metric::{Metric, Metrics};
use super::said::{Counted, Said};
use super::signals::Signals;

/// Maximum time that metrics are late, in milliseconds.
const LATE: i64 = 5 * 60 * 1000;

/// What passed within the window. A number that is not known is none, never zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Flow {
    /// The window, in seconds.
    pub window: u64,
    /// Log events that CloudWatch Logs handed to the stream.
    pub forwarded: Option<f64>,
    /// Whether these are of all log groups; otherwise there are at least as many.
    pub is_whole: bool,
    /// Log events that it could not hand on and gave up.
    pub delivery_errors: Option<f64>,
    /// Log events that the stream throttled and that are retried.
    pub delivery_throttled: Option<f64>,
    /// Records that the stream took.
    pub records: Option<f64>,
    /// Their bytes.
    pub bytes: Option<f64>,
    /// Records that the stream refused for its rate.
    pub stream_throttled: Option<f64>,
    /// The minute in which the stream was fullest; none where nothing arrived.
    pub busiest: Option<Load>,
    /// Invocations.
    pub invocations: Option<f64>,
    /// Invocations that failed as a whole.
    pub errors: Option<f64>,
    /// Invocations that were refused for lack of concurrency.
    pub throttles: Option<f64>,
    /// Records that failed and are retried.
    pub records_failed: Option<f64>,
    /// Events that every destination has taken.
    pub delivered: Option<f64>,
    /// Events that a rule of a route dropped on purpose; only lines tell.
    pub filtered: Option<f64>,
    /// Events of records that were set aside; only lines tell.
    pub quarantined: Option<f64>,
    /// Whether the lines of the whole window were read, and count what each destination got.
    pub has_lines: bool,
}

impl Flow {
    /// Puts together metrics, which are of all hops and late, and lines, which are of the last hops and fresh.
    pub(crate) fn of(signals: &Signals, said: &[Said], window: u64) -> Self {
        let span = i64::try_from(window).unwrap_or(i64::MAX / 1000) * 1000;
        let mut flow = Self { window, ..Self::default() };
        if let Ok(metrics) = &signals.metrics {
            flow.take_metrics(metrics, span, signals.now);
            let groups = signals.log_groups.as_ref();
            flow.is_whole = groups.is_ok_and(|groups| groups.is_whole);
            if groups.is_err() {
                (flow.forwarded, flow.delivery_errors, flow.delivery_throttled) = (None, None, None);
            }
        }
        let from = signals.now - span;
        let all_lines =
            signals.logs.iter().all(|log| log.lines.as_ref().is_ok_and(|lines| lines.from <= from));
        // A log without any line of an invocation may be one that writes none.
        let has_counts = said.iter().any(|said| said.last_invocation.is_some());
        if all_lines && has_counts && !signals.logs.is_empty() {
            flow.take_lines(said.iter().map(|said| said.counted));
        }
        flow
    }

    fn take_metrics(&mut self, metrics: &Metrics, span: i64, now: i64) {
        // The newest points are a few minutes old. A window up to now would be empty at its end.
        let newest = metrics.series.values().flat_map(|of| of.values()).flatten().map(|(at, _)| at + 60_000);
        let until = newest.max().filter(|newest| *newest >= now - LATE).map_or(now, |newest| newest.min(now));
        let sum = |metric: Metric| metrics.sum(metric, until - span);
        // What AWS writes only when it happens is zero while it writes anything else about the same thing.
        let beside = |metric: Metric, other: Option<f64>| sum(metric).or_else(|| other.map(|_| 0.0));
        let none = Some(0.0);
        self.forwarded = sum(Metric::Forwarded).or(none);
        self.delivery_errors = sum(Metric::DeliveryErrors).or(none);
        self.delivery_throttled = sum(Metric::DeliveryThrottling).or(none);
        self.records = sum(Metric::StreamRecords).or(none);
        self.bytes = sum(Metric::StreamBytes).or(none);
        self.stream_throttled = sum(Metric::StreamThrottled).or(none);
        self.busiest = Load::busiest(metrics, until - span);
        self.invocations = sum(Metric::Invocations).or(none);
        self.errors = beside(Metric::Errors, self.invocations);
        self.throttles = beside(Metric::Throttles, self.invocations);
        // The forwarder's own are missing where its metrics are off.
        self.delivered = sum(Metric::EventsDelivered);
        self.records_failed = beside(Metric::RecordsFailed, self.delivered);
    }

    fn take_lines(&mut self, counted: impl Iterator<Item = Counted> + Clone) {
        self.has_lines = true;
        #[expect(clippy::cast_precision_loss, reason = "counts of a day are exact in 53 bits")]
        let sum =
            |of: fn(&Counted) -> u64| Some(counted.clone().map(|counted| of(&counted)).sum::<u64>() as f64);
        self.delivered = sum(|counted| counted.delivered);
        self.records_failed = sum(|counted| counted.records_failed);
        self.filtered = sum(|counted| counted.filtered);
        self.quarantined = sum(|counted| counted.quarantined);
        if self.invocations.is_none() {
            self.invocations = sum(|counted| counted.invocations);
        }
    }
}
