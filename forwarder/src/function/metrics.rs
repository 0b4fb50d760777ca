//! The line of an invocation: what became of its records and events, and the metrics that CloudWatch makes of it.
//!
//! CloudWatch charges for every byte of it, and for a metric in each hour in which it gets a value. So a count that is
//! zero is left out: a metric of trouble costs nothing while there is none. `docs/forwarder-log.md` lists the fields.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::aws::AwsError;
use crate::delivery::fate::{Fate, Skip};
use crate::delivery::{Counts, LaneReport, Outcome};
use crate::record::event::{Invocation, compare_sequences};

/// The namespace of the metrics.
pub const NAMESPACE: &str = "cwl2le";

/// The values that become metrics, with their units, of which a count has none. Beside the first two, each is one only
/// where the line has it.
pub const METRICS: [(&str, Option<&str>); 9] = [
    ("EventsReceived", None),
    ("EventsDelivered", None),
    ("BytesOut", Some("Bytes")),
    ("ReceiptMilliseconds", Some("Milliseconds")),
    ("RecordsFailed", None),
    ("RecordsQuarantined", None),
    ("RecordsNotKept", None),
    ("ReceiptsUnproven", None),
    ("Unbalanced", None),
];

/// The function that writes the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its name.
    pub function: String,
    /// Its version, `$LATEST` where none is published.
    pub version: String,
}

/// The line for one invocation that ends at `now`, in milliseconds since 1970.
///
/// `Unbalanced` is there only if the forwarder has a bug.
pub fn line(origin: &Origin, now: u64, invocation: &Invocation, outcome: &Outcome) -> Value {
    let account = &outcome.account;
    let sum = |value: fn(&LaneReport) -> u64| outcome.lanes.iter().map(value).sum::<u64>();
    let mut line = Fields::default();
    line.put("Version", env!("CARGO_PKG_VERSION"));
    line.put("FunctionName", origin.function.as_str());
    line.put("FunctionVersion", origin.version.as_str());
    line.put("EventsReceived", settled(invocation, outcome));
    // What an earlier invocation delivered was counted there.
    line.put("EventsDelivered", account.events.delivered.saturating_sub(account.events.delivered_before));
    line.count("RecordsFailed", account.records.failed);
    line.count("RecordsQuarantined", account.records.quarantined);
    line.count("RecordsRepaired", account.repaired().len() as u64);
    line.count("Unbalanced", account.unbalanced);
    line.count("BytesIn", invocation.data_len() as u64);
    line.count("BytesOut", sum(|lane| lane.bytes));
    line.count("ReceiptsUnproven", sum(|lane| lane.receipts_unproven));
    // A time that is not known is left out; a zero would be a lie.
    line.time("ReceiptMilliseconds", outcome.lanes.iter().filter_map(|lane| lane.receipt).max());
    if let Some(newest) = newest(invocation) {
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of our time are exact in 53 bits")]
        let lag = now as f64 - newest * 1000.0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below zero")]
        line.put("IteratorLagMilliseconds", lag.max(0.0).round() as u64);
    }
    if let Some(report) = &outcome.quarantine {
        line.count("RecordsNotKept", (report.named.len() + report.held.len()) as u64);
        let mut quarantine = Fields::default();
        quarantine.count("Kept", report.kept.len() as u64);
        quarantine.count("Named", report.named.len() as u64);
        quarantine.count("Held", report.held.len() as u64);
        if let Some(failure) = &report.failure {
            quarantine.put("Failure", AwsError::name(failure));
        }
        line.object("Quarantine", quarantine);
    }
    line.counts("Records", &account.records);
    line.counts("Events", &account.events);
    let lanes = outcome.lanes.iter().zip(&account.destinations);
    let destinations: Map<_, _> =
        lanes.map(|(lane, events)| (lane.destination.clone(), destination(lane, events))).collect();
    line.put("Destinations", destinations);
    Value::Object(line.0)
}

/// What makes CloudWatch take metrics out of a line: the member `_aws` of its embedded metric format.
pub fn directive(now: u64, line: &Value) -> Value {
    let metrics: Vec<_> = METRICS
        .iter()
        .filter(|(name, _)| line.get(name).is_some())
        .map(|(name, unit)| match unit {
            Some(unit) => json!({"Name": name, "Unit": unit}),
            None => json!({"Name": name}),
        })
        .collect();
    json!({
        "Timestamp": now,
        "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": metrics}],
    })
}

/// What one destination did.
fn destination(lane: &LaneReport, events: &Counts) -> Value {
    let mut fields = Fields::default();
    fields.counts("Events", events);
    fields.count("EventsDelivered", lane.events);
    fields.count("BytesOut", lane.bytes);
    fields.count("Retries", lane.retries);
    fields.count("Connections", lane.connections);
    fields.count("PossibleDuplicates", lane.possible_duplicates);
    fields.count("ReceiptsUnproven", lane.receipts_unproven);
    fields.count("EventsCutShort", lane.cut_short);
    fields.time("ReceiptMilliseconds", lane.receipt);
    // Here as well as in a note, which a log level may hold back.
    if let Some(failure) = &lane.failure {
        fields.put("Failure", failure.kind.name());
        fields.put("Detail", failure.detail.as_str());
    }
    Value::Object(fields.0)
}

/// The events of the records that AWS does not send again, so that each counts once however often its batch comes. The
/// test messages of CloudWatch Logs, which it does not count either, are left out.
fn settled(invocation: &Invocation, outcome: &Outcome) -> u64 {
    let Ok(response) = &outcome.response else { return 0 };
    let checkpoint = response.batch_item_failures.first().map(|first| first.item_identifier.as_str());
    let comes_again = |record: u32| {
        checkpoint.is_some_and(|checkpoint| {
            let sequence = invocation.sequence(record as usize).unwrap_or_default();
            compare_sequences(sequence, checkpoint).is_ge()
        })
    };
    let parts = outcome.account.parts.iter();
    let settled = parts.filter(|part| part.fate != Fate::Skipped(Skip::Control) && !comes_again(part.record));
    settled.map(|part| u64::from(part.events) + u64::from(part.filtered)).sum()
}

/// When the newest record arrived in the stream, in seconds since 1970.
fn newest(invocation: &Invocation) -> Option<f64> {
    (0..invocation.len()).filter_map(|at| invocation.arrived(at)).reduce(f64::max)
}

/// The members of an object, of which counts that are zero are left out.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn count(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.put(name, count);
        }
    }

    fn counts(&mut self, name: &str, counts: &Counts) {
        if *counts != Counts::default() {
            self.put(name, json!(counts));
        }
    }

    fn object(&mut self, name: &str, fields: Self) {
        if !fields.0.is_empty() {
            self.put(name, fields.0);
        }
    }

    /// In milliseconds.
    fn time(&mut self, name: &str, time: Option<Duration>) {
        if let Some(time) = time {
            self.put(name, (time.as_secs_f64() * 1e4).round() / 10.0);
        }
    }
}

#[cfg(test)]
mod tests;
