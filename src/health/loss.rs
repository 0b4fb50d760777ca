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

/// The same where there is no quarantine.
const UNKEPT: (Metric, &str) = (
    Metric::RecordsQuarantined,
    "records that no retry can deliver and no quarantine keeps: they are in the stream only, until they expire",
);

const NOT_KEPT: &str =
    "records that the quarantine did not keep: they are in the stream only, until they expire";

/// What was lost since a time. Without a quarantine, so are the records that it would keep.
pub(crate) fn losses(
    metrics: Option<&Metrics>,
    said: &[Said],
    since: i64,
    has_quarantine: bool,
) -> Vec<Loss> {
    let unkept = Some(UNKEPT).filter(|_| !has_quarantine);
    let by_metrics = METRICS.into_iter().chain(unkept).filter_map(|(metric, what)| {
        let metrics = metrics?;
        let (last, _) = metrics.last_above_zero(metric, since)?;
        Some(Loss { what, count: metrics.sum(metric, since)?, last })
    });
    let mut losses: Vec<Loss> = by_metrics.collect();
    // Lines are fresher, and are there where metrics are off.
    let unkept = said.iter().filter(|_| !has_quarantine).filter_map(|said| said.set_aside);
    let by_lines = said
        .iter()
        .filter_map(|said| said.not_kept)
        .map(|of| (NOT_KEPT, of))
        .chain(unkept.map(|of| (UNKEPT.1, of)))
        .filter(|(_, (last, _))| *last >= since);
    #[expect(clippy::cast_precision_loss, reason = "counts of an hour are exact in 53 bits")]
    let by_lines = by_lines.map(|(what, (last, count))| Loss { what, count: count as f64, last });
    for loss in by_lines {
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
