//! What a preview found, as one value.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

use crate::prices::{Item, Prices};

/// Bytes of a GB. Bills differ in what they call one; the smaller one makes the higher estimate.
const GB: f64 = 1e9;
/// The month of the estimates, in seconds: 30 days.
const MONTH: f64 = 30.0 * 86_400.0;

/// Where the events are, and the filter that would bring them to the forwarder.
pub(super) struct Place {
    pub(super) account: String,
    pub(super) log_group: String,
    pub(super) filter: String,
    pub(super) own_log_group: String,
    pub(super) region: String,
}

/// The time that was asked for, in milliseconds since 1970, and whether all of its events were read.
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) complete: bool,
}

impl Window {
    /// How much of it was read, in seconds, when `last` is the time of the last event.
    pub(super) fn covered(&self, last: Option<i64>) -> f64 {
        let until = if self.complete { self.until } else { last.unwrap_or(self.until).min(self.until) };
        let milliseconds = u64::try_from(until - self.from).unwrap_or(0).max(1);
        Duration::from_millis(milliseconds).as_secs_f64()
    }
}

/// What would become of the events of a log group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PreviewReport {
    /// The log group.
    pub log_group: String,
    /// The subscription filter that would bring its events.
    pub subscription_filter: String,
    /// Where the configuration comes from.
    pub configuration: String,
    /// The pattern of the route whose rules hold; none where no route matches.
    pub route: Option<String>,
    /// From this time on.
    pub from: String,
    /// Up to this time.
    pub until: String,
    /// The filter pattern that events were read by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_pattern: Option<String>,
    /// Whether all events of that time were read; else only the first ones were.
    pub complete: bool,
    /// The part of that time that was read.
    #[serde(serialize_with = "crate::output::seconds")]
    pub covered_seconds: f64,
    /// Events that were read.
    pub events_read: u64,
    /// Bytes of their messages.
    pub message_bytes: u64,
    /// Events that would be sent.
    pub events_sent: u64,
    /// Of those, events of which the rules would take something out.
    pub events_redacted: u64,
    /// Events that the rules would drop.
    pub events_dropped: u64,
    /// Events that would be set aside, or never forwarded.
    pub events_refused: u64,
    /// What each rule would drop.
    pub dropped: Vec<Dropped>,
    /// What each destination would get.
    pub destinations: Vec<Flow>,
    /// What that makes in a month, extrapolated; none where nothing was read.
    pub month: Option<Month>,
    /// Every event that was read.
    pub events: Vec<Seen>,
    /// How many of them a person is shown.
    #[serde(skip)]
    pub samples: usize,
}

/// What a rule drops.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Dropped {
    /// The rule, by its place in the route: `include`, `exclude[0]`, `sample`.
    pub rule: String,
    /// The rule itself.
    pub says: Value,
    /// How many events.
    pub events: u64,
    /// Bytes of their messages.
    pub message_bytes: u64,
}

/// What goes to a destination, without the rules of the routes and with them. Bytes are those on the wire, before TLS:
/// with token, format and line ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Flow {
    /// The destination.
    pub destination: String,
    /// Events without the rules.
    pub events_before: u64,
    /// Events with them.
    pub events_after: u64,
    /// Bytes without the rules.
    pub bytes_before: u64,
    /// Bytes with them.
    pub bytes_after: u64,
}

/// An estimate: as if every hour of a month of 30 days were like the time that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Month {
    /// GB to all destinations without the rules.
    pub gb_before: f64,
    /// GB with them.
    pub gb_after: f64,
    /// What AWS charges for sending them out, in USD.
    pub aws_data_out: Cost,
    /// What the log service charges; none where its price was not given.
    pub log_service: Option<Cost>,
    /// Where the price of data out comes from.
    pub prices: String,
}

/// A cost a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cost {
    /// The price of a GB.
    pub price_per_gb: f64,
    /// Without the rules.
    pub before: f64,
    /// With them.
    pub after: f64,
}

/// What becomes of one event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Seen {
    /// Milliseconds since 1970.
    pub time: i64,
    /// The log stream.
    pub log_stream: String,
    /// The id.
    pub id: String,
    /// How it ends.
    #[serde(flatten)]
    pub end: End,
    /// Whether the rules take something out of it.
    pub redacted: bool,
    /// What is sent, to each destination.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// The labels, such as `[email]`, that stand for what the rules take out; a text marks them.
    #[serde(skip)]
    pub labels: BTreeSet<String>,
    /// The message as it is in the log group; only where it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// How an event ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "end")]
pub(crate) enum End {
    /// It is sent.
    Sent,
    /// A rule drops it.
    Dropped {
        /// The rule, by its place in the route.
        rule: String,
        /// The message without what the rules would have taken out of it.
        message: String,
    },
    /// No destination would ever get it.
    Refused {
        /// Why.
        why: String,
    },
}

/// What a destination gets of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// The destination.
    pub destination: String,
    /// Bytes with everything.
    pub bytes: usize,
    /// The line, or its parts where it is too long for one; a stand-in is where the token would be.
    pub parts: Vec<String>,
}

impl Line {
    pub(super) fn new(destination: String, sent: &[u8]) -> Self {
        let text = String::from_utf8_lossy(sent);
        let parts = text.split_terminator('\n').map(ToOwned::to_owned).collect();
        Self { destination, bytes: sent.len(), parts }
    }
}

impl Month {
    /// Extrapolates what went to the destinations in these seconds.
    pub(super) fn new(destinations: &[Flow], seconds: f64, prices: &Prices, price: Option<f64>) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let gb = |bytes: u64| bytes as f64 / GB * MONTH / seconds;
        let gb_before = gb(destinations.iter().map(|flow| flow.bytes_before).sum());
        let gb_after = gb(destinations.iter().map(|flow| flow.bytes_after).sum());
        let cost = |price_per_gb: f64| Cost {
            price_per_gb,
            before: gb_before * price_per_gb,
            after: gb_after * price_per_gb,
        };
        Self {
            gb_before,
            gb_after,
            aws_data_out: cost(prices.of(Item::DataOutGb)),
            log_service: price.map(cost),
            prices: prices.source([Item::DataOutGb]),
        }
    }
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub(super) fn time(milliseconds: i64) -> String {
    // The last second of the year 9999.
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0).min(253_402_300_799_000));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}
