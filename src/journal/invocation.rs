//! What an invocation did, by the line that it ends with.
//!
//! `docs/forwarder-log.md` lists the fields. A line that names its `Version` leaves out what is zero, so a number that
//! it lacks is zero. Older lines hold every number: one that such a line lacks is not known.

use std::collections::BTreeMap;

use cwl2le_forwarder::net::FailureKind;
use serde_json::{Map, Value};

/// Maximum of a count. An invocation gets at most 6 MB: what is larger is no count of ours, and is not known.
const MOST: u64 = 1_000_000_000;
/// Maximum of a time, in milliseconds: 400 days. A stream keeps records for at most 365 days.
const LONGEST: f64 = 400.0 * 24.0 * 3_600_000.0;

/// What an invocation did. Numbers are of this invocation alone; `None` is not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Invocation {
    /// The version of the forwarder; none in lines of older forwarders.
    pub version: Option<String>,
    /// The version of the Lambda function: a number or `$LATEST`.
    pub function_version: Option<String>,
    /// Whether CloudWatch makes metrics of the line.
    pub has_metrics: bool,
    /// Records by what became of them.
    pub records: Counts,
    /// Events by what became of them.
    pub events: Counts,
    /// Events in the records that are settled: each counts once, however often its batch came. To be compared with
    /// CloudWatch's `ForwardedLogEvents`. Older lines do not have it.
    pub events_received: Option<u64>,
    /// Events that this invocation delivered.
    pub events_delivered: Option<u64>,
    /// Bytes of the records, as they come from the stream.
    pub bytes_in: Option<u64>,
    /// Bytes sent to all destinations.
    pub bytes_out: Option<u64>,
    /// Records that the quarantine should have kept and did not.
    pub records_not_kept: Option<u64>,
    /// Records in which text that is not valid UTF-8 was replaced.
    pub records_repaired: Option<u64>,
    /// How far the counts are from adding up: zero, or a bug of the forwarder.
    pub unbalanced: Option<u64>,
    /// Milliseconds until the slowest destination gave its receipt; none where there was no receipt.
    pub receipt_ms: Option<f64>,
    /// Milliseconds from the arrival of the newest record in the stream to the end of the invocation.
    pub lag_ms: Option<f64>,
    /// Age of the oldest secret that the process uses, in seconds.
    pub secret_age_s: Option<u64>,
    /// The destinations by name.
    pub destinations: BTreeMap<String, Delivery>,
    /// The quarantine; none where there is none, or where it had nothing to do.
    pub quarantine: Option<Quarantine>,
}

/// How much of what was received ended where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All of them.
    pub received: Option<u64>,
    /// Delivered now or before.
    pub delivered: Option<u64>,
    /// Nothing to deliver.
    pub skipped: Option<u64>,
    /// Dropped by the rules of a route.
    pub filtered: Option<u64>,
    /// Set aside for good.
    pub quarantined: Option<u64>,
    /// To be retried.
    pub failed: Option<u64>,
    /// Of those delivered, the ones that an earlier invocation delivered.
    pub delivered_before: Option<u64>,
}

/// What one destination did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delivery {
    /// The events meant for it, by what became of them.
    pub events: Counts,
    /// Events that it accepted in this invocation.
    pub events_delivered: Option<u64>,
    /// Bytes sent to it.
    pub bytes_out: Option<u64>,
    /// Attempts after the first.
    pub retries: Option<u64>,
    /// Connections that were made.
    pub connections: Option<u64>,
    /// Events that were sent again although the service may have had them.
    pub possible_duplicates: Option<u64>,
    /// Receipts that only the kernel of the log service gave.
    pub receipts_unproven: Option<u64>,
    /// Events that were sent as `[redacted]` in part, because a pattern took too long.
    pub cut_short: Option<u64>,
    /// Milliseconds until the receipt; none where there was no receipt.
    pub receipt_ms: Option<f64>,
    /// Why it did not accept every event: a word such as `connect` or `unauthorized`; none if it did.
    pub failure: Option<String>,
    /// More about the failure, in words.
    pub detail: Option<String>,
}

/// What the quarantine did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quarantine {
    /// Records that it has taken.
    pub kept: Option<u64>,
    /// Records that it did not take and that are in the stream only, until its retention ends.
    pub named: Option<u64>,
    /// Records that it did not take and that are retried.
    pub held: Option<u64>,
    /// Why it did not take everything: AWS's name of the error.
    pub failure: Option<String>,
}

impl Invocation {
    /// Reads the line; none where the object is not one.
    pub(super) fn of_object(object: &Map<String, Value>) -> Option<Self> {
        let is_ours = object.contains_key("_aws") || object.contains_key("Version");
        let has_counts = ["Records", "Events", "Destinations"].iter().any(|key| object.contains_key(*key));
        if !is_ours || !has_counts || object.contains_key("message") {
            return None;
        }
        let line = Part { values: object, is_short: object.contains_key("Version") };
        let of_each = object.get("Destinations").and_then(Value::as_object).into_iter().flatten();
        Some(Self {
            version: line.text("Version"),
            function_version: line.text("FunctionVersion"),
            has_metrics: object.contains_key("_aws"),
            records: line.counts("Records"),
            events: line.counts("Events"),
            events_received: line.count("EventsReceived"),
            events_delivered: line.count("EventsDelivered"),
            bytes_in: line.count("BytesIn"),
            bytes_out: line.count("BytesOut"),
            records_not_kept: line.count("RecordsNotKept"),
            records_repaired: line.count("RecordsRepaired"),
            unbalanced: line.count("Unbalanced"),
            receipt_ms: line.milliseconds("ReceiptMilliseconds"),
            lag_ms: line.milliseconds("IteratorLagMilliseconds"),
            secret_age_s: object.get("SecretAgeSeconds").and_then(Value::as_u64),
            destinations: of_each
                .filter_map(|(name, values)| {
                    Some((name.clone(), Delivery::of(&line.of(values.as_object()?))))
                })
                .collect(),
            quarantine: line.part("Quarantine").map(|part| Quarantine::of(&part)),
        })
    }

    /// Whether nothing failed: every event was delivered, dropped by a rule or kept, and every count adds up.
    pub fn is_whole(&self) -> bool {
        let is_zero = |count: Option<u64>| count.unwrap_or_default() == 0;
        is_zero(self.records.failed)
            && is_zero(self.events.failed)
            && is_zero(self.unbalanced)
            && is_zero(self.records_not_kept)
            && self.destinations.values().all(|delivery| delivery.failure.is_none())
            && self.quarantine.as_ref().is_none_or(|quarantine| quarantine.failure.is_none())
    }
}

impl Invocation {
    /// Whether something is wrong that does not end by itself: a log service that refuses everything, records that
    /// nothing keeps, or a bug.
    pub fn needs_a_person(&self) -> bool {
        let some = |count: Option<u64>| count.is_some_and(|count| count > 0);
        let gone = self.quarantine.as_ref().is_some_and(|quarantine| some(quarantine.named));
        let mut kinds = self.destinations.values().filter_map(Delivery::kind);
        some(self.unbalanced) || gone || kinds.any(FailureKind::needs_a_person)
    }
}

impl Delivery {
    fn of(part: &Part<'_>) -> Self {
        Self {
            events: part.counts("Events"),
            events_delivered: part.count("EventsDelivered"),
            bytes_out: part.count("BytesOut"),
            retries: part.count("Retries"),
            connections: part.count("Connections"),
            possible_duplicates: part.count("PossibleDuplicates"),
            receipts_unproven: part.count("ReceiptsUnproven"),
            cut_short: part.count("EventsCutShort"),
            receipt_ms: part.milliseconds("ReceiptMilliseconds"),
            failure: part.text("Failure"),
            detail: part.text("Detail"),
        }
    }

    /// The kind of [`Delivery::failure`]; none where it accepted every event, or where this version does not know the
    /// word.
    pub fn kind(&self) -> Option<FailureKind> {
        FailureKind::of_name(self.failure.as_deref()?)
    }

    /// Whether it accepted anything in this invocation.
    pub fn has_delivered(&self) -> bool {
        self.events_delivered.is_some_and(|events| events > 0)
    }
}

impl Quarantine {
    fn of(part: &Part<'_>) -> Self {
        Self {
            kept: part.count("Kept"),
            named: part.count("Named"),
            held: part.count("Held"),
            failure: part.text("Failure"),
        }
    }
}

/// A JSON object within a line.
struct Part<'a> {
    values: &'a Map<String, Value>,
    /// Whether a number that is missing is zero.
    is_short: bool,
}

impl<'a> Part<'a> {
    fn of(&self, values: &'a Map<String, Value>) -> Part<'a> {
        Part { values, ..*self }
    }

    fn part(&self, key: &str) -> Option<Part<'a>> {
        Some(self.of(self.values.get(key)?.as_object()?))
    }

    fn count(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(value) => value.as_u64().filter(|count| *count <= MOST),
            None => self.is_short.then_some(0),
        }
    }

    fn milliseconds(&self, key: &str) -> Option<f64> {
        self.values.get(key)?.as_f64().filter(|value| (0.0..=LONGEST).contains(value))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.values.get(key)?.as_str().map(ToOwned::to_owned)
    }

    fn counts(&self, key: &str) -> Counts {
        let none = Map::new();
        let part = match self.values.get(key) {
            Some(Value::Object(values)) => Part { values, is_short: self.is_short },
            Some(_) => return Counts::default(),
            None => Part { values: &none, is_short: self.is_short },
        };
        Counts {
            received: part.count("received"),
            delivered: part.count("delivered"),
            skipped: part.count("skipped"),
            filtered: part.count("filtered"),
            quarantined: part.count("quarantined"),
            failed: part.count("failed"),
            delivered_before: part.count("delivered_before"),
        }
    }
}
