//! What there is to say about an invocation in the function's log.
//!
//! Records are named by their sequence numbers, with which they can be read from the stream as long as it keeps them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::delivery::Outcome;
use crate::delivery::fate::{Fate, Skip};
use crate::note::{Level, Note};
use crate::quarantine::{self, Rejection};
use crate::record::event::Invocation;

/// Maximum number of sequence numbers in one line. The rest go on further lines.
const SEQUENCES_A_LINE: usize = 50;

/// Logged once in the life of a process.
const UNPROVEN: &str = "the log service does not close its side of a connection after the forwarder has closed its own, \
    so deliveries are acknowledged by its kernel only: nothing shows that a process has read them; the metric \
    ReceiptsUnproven counts them; if this service is known not to close, set receipt = \"acknowledged\"";

/// What there is to say about an invocation; nothing when everything was delivered.
pub fn notes(invocation: &Invocation, outcome: &Outcome) -> Vec<Note> {
    let mut notes = Vec::new();
    if outcome.postponed > 0 {
        notes.push(Note::new(
            Level::Warn,
            "the invocation holds more packed records than fit in the function's memory; the rest is retried",
            json!({ "postponed": outcome.postponed }),
        ));
    }
    for lane in &outcome.lanes {
        if lane.first_unproven {
            notes.push(Note::new(Level::Warn, UNPROVEN, json!({"destination": lane.destination})));
        }
        if let Some(failure) = &lane.failure {
            notes.push(Note::new(
                if failure.kind.needs_a_person() { Level::Error } else { Level::Warn },
                "a destination did not accept every event",
                json!({"destination": lane.destination, "failure": failure.kind.name(), "detail": failure.detail,
                       "retries": lane.retries, "events_delivered": lane.events}),
            ));
        }
    }
    for records in outcome.account.repaired().chunks(SEQUENCES_A_LINE) {
        let shard = records.first().and_then(|at| invocation.shard(*at as usize));
        let fields = json!({ "shard": shard,
                             "sequence_numbers": sequences(invocation, records.iter().map(|at| *at as usize)) });
        let message = "records hold text that is not valid UTF-8; invalid bytes are delivered as U+FFFD";
        notes.push(Note::new(Level::Warn, message, fields));
    }
    for lane in outcome.lanes.iter().filter(|lane| lane.cut_short > 0) {
        notes.push(Note::new(
            Level::Warn,
            "a `pattern` of a route took too long on some events; the rest of them was sent as `[redacted]`",
            json!({"destination": lane.destination, "events": lane.cut_short}),
        ));
    }
    quarantine_notes(invocation, outcome, &mut notes);
    rejection_notes(invocation, outcome, &mut notes);
    not_kept_notes(invocation, outcome, &mut notes);
    let counts = &outcome.account.records;
    if counts.failed > 0 {
        let checkpoint = match &outcome.response {
            Ok(response) => response.batch_item_failures.first().map(|first| first.item_identifier.clone()),
            Err(_) => None,
        };
        notes.push(Note::new(
            Level::Warn,
            "not everything was delivered; AWS will send it again",
            json!({"checkpoint": checkpoint, "records": counts, "events": outcome.account.events}),
        ));
    }
    if outcome.account.unbalanced > 0 {
        let why = "the counts of this invocation do not add up; please report this";
        notes.push(Note::new(
            Level::Error,
            why,
            json!({"records": counts, "events": outcome.account.events}),
        ));
    }
    notes
}

/// Whether an invocation held events of the forwarder's own log group.
pub fn saw_itself(outcome: &Outcome) -> bool {
    outcome.account.parts.iter().any(|part| part.fate == Fate::Skipped(Skip::OwnLogGroup))
}

/// Names every quarantined record, by reason. One that comes again is named when it does so for the last time.
fn quarantine_notes(invocation: &Invocation, outcome: &Outcome, notes: &mut Vec<Note>) {
    let mut by_reason: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    let is_set_aside: Vec<_> =
        outcome.account.fates().map(|(fate, _)| matches!(fate, Fate::Quarantined(_))).collect();
    for part in &outcome.account.parts {
        let record = part.record as usize;
        if let (Fate::Quarantined(poison), true) = (&part.fate, is_set_aside[record]) {
            let named = by_reason.entry((poison.name(), poison.to_string())).or_default();
            if named.last() != Some(&record) {
                named.push(record);
            }
        }
    }
    for ((reason, detail), records) in by_reason {
        for records in records.chunks(SEQUENCES_A_LINE) {
            let shard = records.first().and_then(|at| invocation.shard(*at));
            let fields = json!({"reason": reason, "detail": detail, "shard": shard,
                                "sequence_numbers": sequences(invocation, records.iter().copied())});
            let whereabouts = whereabouts(invocation, outcome, records.iter().copied());
            let message = format!("records set aside; {whereabouts}");
            notes.push(Note::new(Level::Warn, message, fields));
        }
    }
}

/// Where records that were set aside can be found.
fn whereabouts(
    invocation: &Invocation,
    outcome: &Outcome,
    mut records: impl Iterator<Item = usize>,
) -> String {
    let is_kept = |report: &quarantine::Report, record: usize| {
        u32::try_from(record).is_ok_and(|record| report.kept.binary_search(&record).is_ok())
    };
    match &outcome.quarantine {
        Some(report) if records.all(|record| is_kept(report, record)) => {
            format!("they are kept in {}", report.place)
        }
        _ if invocation.is_direct() => {
            "the invocation fails: no stream keeps them, but Lambda retries it and then \
             sends it to the function's on-failure destination, if there is one"
                .to_owned()
        }
        _ => "they can be read from the stream as long as it keeps them".to_owned(),
    }
}

fn sequences(invocation: &Invocation, records: impl Iterator<Item = usize>) -> Vec<&str> {
    let name =
        |at| invocation.sequence(at).or_else(|| invocation.event_id(at).filter(|_| invocation.is_direct()));
    records.map(|at| name(at).unwrap_or("none")).collect()
}

/// Names the records that the quarantine has not taken.
fn not_kept_notes(invocation: &Invocation, outcome: &Outcome, notes: &mut Vec<Note>) {
    let Some((report, error)) = outcome.quarantine.as_ref().and_then(|r| Some((r, r.failure.as_ref()?)))
    else {
        return;
    };
    let gone = if invocation.is_direct() {
        "S3 rejected the quarantined records, and no stream keeps them; the invocation fails and Lambda retries it"
    } else {
        "S3 rejected the quarantined records; they remain only in the Kinesis stream, until its retention ends"
    };
    let waiting = "the quarantine does not take records at the moment; AWS will send these again";
    for (level, message, records) in
        [(Level::Error, gone, &report.named), (Level::Warn, waiting, &report.held)]
    {
        for records in records.chunks(SEQUENCES_A_LINE) {
            let shard = records.first().and_then(|at| invocation.shard(*at as usize));
            let fields = json!({"quarantine": report.place.to_string(), "why": error.to_string(),
                                "hint": quarantine::advice(error), "shard": shard,
                                "sequence_numbers": sequences(invocation, records.iter().map(|at| *at as usize))});
            notes.push(Note::new(level, message, fields));
        }
    }
}

/// Names the events that a log service refused for good, by destination and reason.
fn rejection_notes(invocation: &Invocation, outcome: &Outcome, notes: &mut Vec<Note>) {
    let record_of = |part: usize| outcome.account.parts.get(part).map(|part| part.record as usize);
    for lane in &outcome.lanes {
        let mut by_reason: BTreeMap<&str, Vec<&Rejection>> = BTreeMap::new();
        for rejection in &lane.rejections {
            by_reason.entry(&rejection.why).or_default().push(rejection);
        }
        for (why, rejections) in by_reason {
            for rejections in rejections.chunks(SEQUENCES_A_LINE) {
                let records = rejections.iter().filter_map(|rejection| record_of(rejection.part));
                let whereabouts = whereabouts(invocation, outcome, records);
                let refused = rejections.iter().map(|rejection| {
                    let record = record_of(rejection.part);
                    json!({
                        "sequence_number": record.and_then(|record| invocation.sequence(record)),
                        "event_id": rejection.event_id,
                        "events": rejection.events,
                    })
                });
                let fields = json!({"destination": lane.destination, "detail": why,
                                    "refused": refused.collect::<Vec<_>>()});
                let message = format!("a destination refused events for good; {whereabouts}");
                notes.push(Note::new(Level::Warn, message, fields));
            }
        }
    }
}
