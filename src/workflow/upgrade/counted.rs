//! What a new version has done, in words.

use crate::health::Trial;
use crate::output::quantity::{count, plural, span};

/// What a version has done so far, such as `58 invocations, 0 errors, 8 112 events delivered, 0 records failed`.
#[allow(clippy::cast_precision_loss, reason = "counts of one watch are small")]
pub(super) fn counted(trial: &Trial) -> String {
    let Trial { invocations, errors, delivered, failed, lag_ms, .. } = trial;
    let thing = |number: u64, thing: &str| {
        let plural = plural(number, thing);
        plural.replacen(&number.to_string(), &count(number as f64), 1)
    };
    let lag = lag_ms.map(|lag| format!(", {} behind", span(lag / 1000.0))).unwrap_or_default();
    format!(
        "{}, {}, {} delivered, {} failed{lag}",
        thing(*invocations, "invocation"),
        thing(*errors, "error"),
        thing(*delivered, "event"),
        thing(*failed, "record"),
    )
}
