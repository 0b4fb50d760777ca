//! What is lost: no retry brings it back.

use super::metric::{Metric, Metrics};
use super::said::Said;

/// Events or records that were lost.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loss {
    /// How many of what, and why, as in "12 events: ...".
    pub what: &'static str,
    /// How many.
    pub count: f64,
    /// When the last of them was lost, in milliseconds since 1970.
    pub last: i64,
}

/// The metrics that count losses, and what each means.
const METRICS: [(Metric, &str); 4] = [
    (
        Metric::DeliveryErrors,
        "events that CloudWatch Logs could not put into the stream and does not send again",
    ),
    (Metric::Dropped, "records that the event source mapping gave up with nothing to keep them"),
    (Metric::OnFailureErrors, "invocations that the on-failure destination did not take"),
    (Metric::RecordsNotKept, NOT_KEPT),
];

const NOT_KEPT: &str =
    "records that the quarantine did not keep: they are in the stream only, until they expire";

/// What was lost since a time.
pub(crate) fn losses(metrics: Option<&Metrics>, said: &[Said], since: i64) -> Vec<Loss> {
    let by_metrics = METRICS.into_iter().filter_map(|(metric, what)| {
        let metrics = metrics?;
        let (last, _) = metrics.last_above_zero(metric, since)?;
        Some(Loss { what, count: metrics.sum(metric, since)?, last })
    });
    let mut losses: Vec<Loss> = by_metrics.collect();
    // Lines are fresher, and are there where metrics are off.
    let not_kept = said.iter().filter_map(|said| said.not_kept).filter(|(last, _)| *last >= since);
    #[expect(clippy::cast_precision_loss, reason = "counts of an hour are exact in 53 bits")]
    let not_kept = not_kept.map(|(last, count)| Loss { what: NOT_KEPT, count: count as f64, last });
    for loss in not_kept {
        match losses.iter_mut().find(|known| known.what == loss.what) {
            Some(known) => {
                known.count = known.count.max(loss.count);
                known.last = known.last.max(loss.last);
            }
            None => losses.push(loss),
        }
    }
    losses
}
