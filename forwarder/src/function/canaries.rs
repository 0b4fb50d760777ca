//! What became of the canaries of an invocation: one note for each of them and each of its destinations.

use serde_json::{Map, Value, json};

use crate::delivery::canary::Canary;
use crate::delivery::fate::{Fate, Progress};
use crate::delivery::{LaneReport, Outcome};
use crate::note::{Level, Note};
use crate::record::event::Invocation;

/// The notes about canaries, at `now` in milliseconds since 1970. A destination that an earlier invocation delivered
/// one to has had its note then.
pub fn notes(now: u64, invocation: &Invocation, outcome: &Outcome) -> Vec<Note> {
    outcome.canaries.iter().flat_map(|canary| notes_of(canary, now, invocation, outcome)).collect()
}

fn notes_of(canary: &Canary, now: u64, invocation: &Invocation, outcome: &Outcome) -> Vec<Note> {
    let Some(part) = outcome.account.parts.get(canary.part) else { return Vec::new() };
    let mut common = Map::from_iter([("id".to_owned(), json!(canary.id))]);
    if let Some(arrived) = invocation.arrived(part.record as usize) {
        #[allow(clippy::cast_precision_loss, reason = "milliseconds of our time are exact in 53 bits")]
        let lag = (now as f64 - arrived * 1000.0).max(0.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below zero")]
        common.insert("lag_ms".to_owned(), json!(lag.round() as u64));
    }
    let note = |fields: Value| {
        let mut all = common.clone();
        all.extend(fields.as_object().cloned().unwrap_or_default());
        Note::new(Level::Info, "canary", Value::Object(all))
    };
    if let Fate::Quarantined(poison) = &part.fate {
        return vec![note(
            json!({"outcome": "quarantined", "failure": poison.name(), "detail": poison.to_string()}),
        )];
    }
    let shares = outcome.account.shares(part).iter();
    shares
        .filter_map(|share| {
            let lane = outcome.lanes.get(share.destination)?;
            let mut fields = of_destination(canary, &share.progress, lane)?;
            fields["destination"] = json!(lane.destination);
            Some(note(fields))
        })
        .collect()
}

/// What became of a canary at one destination; `None` if an earlier invocation has said so.
fn of_destination(canary: &Canary, progress: &Progress, lane: &LaneReport) -> Option<Value> {
    let Some(event) = canary.event else { return Some(json!({"outcome": "filtered"})) };
    if event < progress.before {
        return None;
    }
    if event >= progress.done {
        let failure = lane.failure.as_ref();
        return Some(match failure {
            Some(failure) => {
                json!({"outcome": "failed", "failure": failure.kind.name(), "detail": failure.detail})
            }
            None => json!({"outcome": "failed"}),
        });
    }
    if progress.rejected.binary_search(&event).is_ok() {
        let of_it = |why: &&crate::quarantine::Rejection| {
            why.part == canary.part && why.event_id.as_ref().is_none_or(|id| *id == canary.event_id)
        };
        let why = lane.rejections.iter().find(of_it);
        return Some(json!({"outcome": "refused", "detail": why.map(|rejection| &rejection.why)}));
    }
    let receipt = lane.receipt.map(|time| (time.as_secs_f64() * 1e4).round() / 10.0);
    Some(json!({"outcome": "delivered", "receipt_ms": receipt}))
}
