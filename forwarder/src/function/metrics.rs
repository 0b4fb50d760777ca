//! What an invocation did, as one line of CloudWatch's embedded metric format.
//!
//! Seven values become metrics, and an eighth where there is a quarantine, because each costs money by the
//! month; everything else stands in the same line, where CloudWatch Logs Insights finds it.

use serde_json::{Value, json};

use crate::aws::AwsError;
use crate::delivery::Outcome;
use crate::record::event::Invocation;

/// The namespace of the metrics.
pub const NAMESPACE: &str = "cwl2le";

/// The values that become metrics, with their units.
pub const METRICS: [(&str, &str); 7] = [
    ("EventsDelivered", "Count"),
    ("RecordsFailed", "Count"),
    ("RecordsQuarantined", "Count"),
    ("BytesOut", "Bytes"),
    ("ReceiptMilliseconds", "Milliseconds"),
    ("IteratorLagMilliseconds", "Milliseconds"),
    ("Unbalanced", "Count"),
];

/// One more, where there is a quarantine: the records that it should have kept and did not.
pub const NOT_KEPT: &str = "RecordsNotKept";

/// One more, where there are any: receipts of log services that have never closed their side of a connection.
pub const UNPROVEN: &str = "ReceiptsUnproven";

/// The line for one invocation, at `now` milliseconds since 1970.
///
/// `Unbalanced` is zero unless the forwarder has a bug: alarm on it.
pub fn line(function: &str, now: u64, invocation: &Invocation, outcome: &Outcome) -> Value {
    let account = &outcome.account;
    let sum = |value: fn(&crate::delivery::LaneReport) -> u64| outcome.lanes.iter().map(value).sum::<u64>();
    let receipt = outcome.lanes.iter().filter_map(|lane| lane.receipt).max().map(milliseconds);
    let newest = (0..invocation.len())
        .filter_map(|at| invocation.arrived(at))
        .fold(None, |newest: Option<f64>, time| Some(newest.map_or(time, |newest| newest.max(time))));
    let destinations: serde_json::Map<String, Value> = outcome
        .lanes
        .iter()
        .zip(&account.destinations)
        .map(|(lane, counts)| {
            let mut value = json!({
                "Events": counts,
                "EventsDelivered": lane.events,
                "BytesOut": lane.bytes,
                "Retries": lane.retries,
                "Connections": lane.connections,
                "PossibleDuplicates": lane.possible_duplicates,
                "ReceiptsUnproven": lane.receipts_unproven,
                "EventsCutShort": lane.cut_short,
                "ReceiptMilliseconds": lane.receipt.map(milliseconds),
                "Failure": lane.failure.as_ref().map(|failure| failure.kind.name()),
            });
            // Here as well as in a log line of its own, which a log level may hold back.
            if let Some(failure) = &lane.failure {
                value["Detail"] = json!(failure.detail);
            }
            (lane.destination.clone(), value)
        })
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["FunctionName"]],
                "Metrics": METRICS.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect::<Vec<_>>(),
            }],
        },
        "FunctionName": function,
        // What an earlier invocation delivered was counted there.
        "EventsDelivered": account.events.delivered.saturating_sub(account.events.delivered_before),
        "RecordsFailed": account.records.failed,
        "RecordsQuarantined": account.records.quarantined,
        "BytesOut": sum(|lane| lane.bytes),
        "Unbalanced": account.unbalanced,
        "BytesIn": invocation.data_len(),
        "RecordsRepaired": account.repaired().len(),
        "Records": account.records,
        "Events": account.events,
        "Destinations": destinations,
    });
    if let Some(report) = &outcome.quarantine {
        line["Quarantine"] = json!({
            "Kept": report.kept.len(),
            "Named": report.named.len(),
            "Held": report.held.len(),
            "Failure": report.failure.as_ref().map(AwsError::name),
        });
        line[NOT_KEPT] = json!(report.named.len() + report.held.len());
        if let Some(Value::Array(metrics)) = line.pointer_mut("/_aws/CloudWatchMetrics/0/Metrics") {
            metrics.push(json!({"Name": NOT_KEPT, "Unit": "Count"}));
        }
    }
    let unproven = sum(|lane| lane.receipts_unproven);
    if unproven > 0 {
        line[UNPROVEN] = json!(unproven);
        if let Some(Value::Array(metrics)) = line.pointer_mut("/_aws/CloudWatchMetrics/0/Metrics") {
            metrics.push(json!({"Name": UNPROVEN, "Unit": "Count"}));
        }
    }
    // A metric without a value is left out; a zero would be a lie.
    if let Some(receipt) = receipt {
        line["ReceiptMilliseconds"] = json!(receipt);
    }
    if let Some(newest) = newest {
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of our time are exact in 53 bits")]
        let lag = now as f64 - newest * 1000.0;
        line["IteratorLagMilliseconds"] = json!(lag.max(0.0).round());
    }
    line
}

fn milliseconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
