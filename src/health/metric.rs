//! The metrics of a chain, and what of them says what. Adding one is a variant and its row.

use std::collections::BTreeMap;

/// A metric that says something about a chain. Each is read a minute at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray)]
pub(crate) enum Metric {
    /// Log events that CloudWatch Logs put into the stream, by our filters and account policy.
    Forwarded,
    /// Log events that it did not deliver and does not try again: access denied, no such stream.
    DeliveryErrors,
    /// Log events that the stream throttled; CloudWatch Logs tries them again for 24 hours.
    DeliveryThrottling,
    /// Kinesis records that arrived in the stream.
    StreamRecords,
    /// Their bytes.
    StreamBytes,
    /// Records that the stream refused, because they were over the rate of a shard.
    StreamThrottled,
    /// Age of the oldest record that any reader of the stream has just read, in milliseconds.
    StreamAge,
    /// Invocations of the forwarder.
    Invocations,
    /// Invocations that failed as a whole. A batch that was delivered in part is none.
    Errors,
    /// Invocations that Lambda refused for lack of concurrency.
    Throttles,
    /// Age of the last record of each batch at its invocation, in milliseconds. Silent while nothing is invoked.
    IteratorAge,
    /// Records that could not be handed to the on-failure destination: they are lost.
    OnFailureErrors,
    /// Events that the event source mapping read: zero for an empty poll, and nothing from one that does not poll.
    Polled,
    /// Events that the event source mapping gave up for their age or retries, with nothing to keep them: they are lost.
    Dropped,
    /// Events that it gave up and handed to the on-failure destination.
    OnFailureKept,
    /// Log events that the forwarder got.
    EventsReceived,
    /// Log events that a log service took.
    EventsDelivered,
    /// Kinesis records that an invocation reported as failed; they are tried again.
    RecordsFailed,
    /// Records that no retry can help.
    RecordsQuarantined,
    /// Records that the quarantine should have kept and did not: they are in the stream only, until they expire.
    RecordsNotKept,
    /// Events that an invocation cannot account for: a bug.
    Unbalanced,
}

/// How a metric's values of a minute become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statistic {
    /// They are added.
    Sum,
    /// The largest counts.
    Maximum,
}

/// What a metric is about: which dimensions it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A subscription filter of a log group, or an account policy.
    Filter,
    /// The stream.
    Stream,
    /// A forwarder function, the main one or that of an isolated destination.
    Function,
    /// The event source mapping of such a function.
    Mapping,
}

/// A metric as CloudWatch knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// The namespace, such as `AWS/Kinesis`.
    pub namespace: &'static str,
    /// The name.
    pub name: &'static str,
    /// How values of a minute become one.
    pub statistic: Statistic,
    /// Which dimensions it has.
    pub subject: Subject,
}

impl Metric {
    /// The metric as CloudWatch knows it.
    pub(crate) const fn row(self) -> Row {
        use Statistic::{Maximum, Sum};
        use Subject::{Filter, Function, Mapping, Stream};
        let (namespace, name, statistic, subject) = match self {
            Self::Forwarded => ("AWS/Logs", "ForwardedLogEvents", Sum, Filter),
            Self::DeliveryErrors => ("AWS/Logs", "DeliveryErrors", Sum, Filter),
            Self::DeliveryThrottling => ("AWS/Logs", "DeliveryThrottling", Sum, Filter),
            Self::StreamRecords => ("AWS/Kinesis", "IncomingRecords", Sum, Stream),
            Self::StreamBytes => ("AWS/Kinesis", "IncomingBytes", Sum, Stream),
            Self::StreamThrottled => ("AWS/Kinesis", "WriteProvisionedThroughputExceeded", Sum, Stream),
            Self::StreamAge => ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", Maximum, Stream),
            Self::Invocations => ("AWS/Lambda", "Invocations", Sum, Function),
            Self::Errors => ("AWS/Lambda", "Errors", Sum, Function),
            Self::Throttles => ("AWS/Lambda", "Throttles", Sum, Function),
            Self::IteratorAge => ("AWS/Lambda", "IteratorAge", Maximum, Function),
            Self::OnFailureErrors => ("AWS/Lambda", "DestinationDeliveryFailures", Sum, Function),
            Self::Polled => ("AWS/Lambda", "PolledEventCount", Sum, Mapping),
            Self::Dropped => ("AWS/Lambda", "DroppedEventCount", Sum, Mapping),
            Self::OnFailureKept => ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", Sum, Mapping),
            Self::EventsReceived => ("cwl2le", "EventsReceived", Sum, Function),
            Self::EventsDelivered => ("cwl2le", "EventsDelivered", Sum, Function),
            Self::RecordsFailed => ("cwl2le", "RecordsFailed", Sum, Function),
            Self::RecordsQuarantined => ("cwl2le", "RecordsQuarantined", Sum, Function),
            Self::RecordsNotKept => ("cwl2le", "RecordsNotKept", Sum, Function),
            Self::Unbalanced => ("cwl2le", "Unbalanced", Sum, Function),
        };
        Row { namespace, name, statistic, subject }
    }
}

/// One point: when its minute began, in milliseconds since 1970, and its value.
pub(crate) type Point = (i64, f64);

/// What CloudWatch has of the metrics. A metric without a point in a span is not zero there: AWS writes none where
/// nothing happened, and none where nobody measures.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Metrics {
    /// From this time on they were read, in milliseconds since 1970.
    pub from: i64,
    /// By metric and by what it is about: a log group (empty for the account policy), the name of the stream or of a
    /// function, the id of a mapping. The points are in the order of their times.
    pub series: BTreeMap<Metric, BTreeMap<String, Vec<Point>>>,
}

impl Metrics {
    /// The points of a metric since then, of all that it is about.
    pub(crate) fn points(&self, metric: Metric, since: i64) -> impl Iterator<Item = Point> {
        let series = self.series.get(&metric).into_iter().flat_map(BTreeMap::values);
        series.flatten().copied().filter(move |(at, _)| *at >= since)
    }

    /// The sum since then; none without a point.
    pub(crate) fn sum(&self, metric: Metric, since: i64) -> Option<f64> {
        self.points(metric, since).map(|(_, value)| value).reduce(|sum, value| sum + value)
    }

    /// The largest value since then; none without a point.
    pub(crate) fn most(&self, metric: Metric, since: i64) -> Option<f64> {
        self.points(metric, since).map(|(_, value)| value).reduce(f64::max)
    }

    /// The newest point that is above zero, since then.
    pub(crate) fn last_above_zero(&self, metric: Metric, since: i64) -> Option<Point> {
        self.points(metric, since).filter(|(_, value)| *value > 0.0).max_by_key(|(at, _)| *at)
    }
}
