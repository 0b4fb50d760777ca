//! One line of the forwarder's own log: the outcome of an invocation, a problem, or nothing that matters here.

use crate::journal::{Entry, Invocation, Level, Note};

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// The line of metrics, which an invocation ends with.
    Outcome(Outcome),
    /// A delivery failed. A line of metrics repeats it; with `metrics = "none"`, this line is the only one.
    Failed(Delivery),
    /// The forwarder reports why a start or an invocation failed as a whole.
    Broken(String),
    /// Lambda reports that a start or an invocation failed as a whole. It seldom knows why.
    Ended(String),
}

/// What an invocation did.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outcome {
    /// By destination; those with nothing to deliver are left out.
    pub(super) deliveries: Vec<Delivery>,
    /// Milliseconds from the arrival of the newest record to its delivery; none of an empty batch.
    pub(super) lag: Option<f64>,
}

/// What became of the events of one destination, or of the records for the quarantine.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Delivery {
    /// The destination, in words: "destination `app`".
    pub(super) to: String,
    /// Why not everything was accepted; none if it was.
    pub(super) failure: Option<String>,
}

/// Maximum number of characters that are shown of a line.
const SHOWN: usize = 400;

impl Said {
    /// Takes what matters here from a line.
    pub(super) fn read(line: &str) -> Option<Self> {
        match Entry::read(line) {
            Entry::Invocation(invocation) => Some(Self::Outcome(outcome(&invocation))),
            Entry::Note(note) => Self::of_note(&note),
            Entry::Platform(platform) => {
                let failure = platform.failure?;
                Some(Self::Ended(format!("Lambda: {}", on_one_line(&failure, SHOWN))))
            }
            Entry::Started(_) | Entry::Canary(_) | Entry::Other(_) => None,
        }
    }

    fn of_note(note: &Note) -> Option<Self> {
        let because = note.detail().map(|why| format!(": {why}")).unwrap_or_default();
        if let Some(failure) = note.failure() {
            let to = destination(note.destination().unwrap_or_default());
            return Some(Self::Failed(delivery(to, &format!("{failure}{because}"))));
        }
        if note.text("quarantine").is_some() {
            let why = note.detail().unwrap_or(&note.message);
            return Some(Self::Failed(delivery(QUARANTINE.to_owned(), why)));
        }
        (note.level == Level::Error)
            .then(|| Self::Broken(on_one_line(&format!("{}{because}", note.message), SHOWN)))
    }
}

/// The first characters of a text, without line ends and other control characters.
fn on_one_line(text: &str, most: usize) -> String {
    let mut shown: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect();
    if text.trim().chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// The name of the quarantine, beside those of the destinations.
const QUARANTINE: &str = "the quarantine";

fn destination(name: &str) -> String {
    format!("destination `{}`", on_one_line(name, SHOWN))
}

fn delivery(to: String, failure: &str) -> Delivery {
    Delivery { to, failure: Some(on_one_line(failure, SHOWN)) }
}

fn outcome(invocation: &Invocation) -> Outcome {
    let of_each = invocation.destinations.iter().filter_map(|(name, did)| {
        let to = destination(name);
        match did.failure.as_deref() {
            // The time ran out while the destination accepted events: it is slow and refuses nothing.
            Some("deadline") if did.has_delivered() => Some(Delivery { to, failure: None }),
            Some(kind) => {
                let detail = did.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
                Some(delivery(to, &format!("{kind}{detail}")))
            }
            None => did.has_delivered().then_some(Delivery { to, failure: None }),
        }
    });
    let mut deliveries: Vec<Delivery> = of_each.collect();
    if let Some(quarantine) = &invocation.quarantine {
        match &quarantine.failure {
            Some(failure) => deliveries.push(delivery(QUARANTINE.to_owned(), failure)),
            None if quarantine.kept.is_some_and(|kept| kept > 0) => {
                deliveries.push(Delivery { to: QUARANTINE.to_owned(), failure: None });
            }
            None => {}
        }
    }
    Outcome { deliveries, lag: invocation.lag_ms }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(to: &str, failure: &str) -> Delivery {
        Delivery { to: to.to_owned(), failure: Some(failure.to_owned()) }
    }

    #[test]
    fn both_formats_and_what_lambda_says_are_read() {
        let app = failed("destination `app`", "refused: HTTP 400");
        for (line, said) in [
            (
                r#"WARN a destination did not accept every event destination="app" detail="HTTP 400" events_delivered=0 failure="refused" retries=1"#,
                Some(Said::Failed(app.clone())),
            ),
            (
                r#"{"timestamp":"t","level":"ERROR","message":"m","destination":"app","detail":"HTTP 400","failure":"refused"}"#,
                Some(Said::Failed(app)),
            ),
            (
                r#"ERROR S3 rejected the quarantined records quarantine="s3://b" why="AccessDenied""#,
                Some(Said::Failed(failed(QUARANTINE, "AccessDenied"))),
            ),
            (
                "ERROR CWL2LE_CONFIG is not valid: x",
                Some(Said::Broken("CWL2LE_CONFIG is not valid: x".to_owned())),
            ),
            (
                r#"{"level":"ERROR","message":"CWL2LE_CONFIG is not valid: x"}"#,
                Some(Said::Broken("CWL2LE_CONFIG is not valid: x".to_owned())),
            ),
            (
                r#"{"time":"t","type":"platform.report","record":{"status":"timeout","errorType":"Sandbox.Timedout"}}"#,
                Some(Said::Ended("Lambda: platform.report: timeout (Sandbox.Timedout)".to_owned())),
            ),
            (r#"{"time":"t","type":"platform.report","record":{"status":"success"}}"#, None),
            (
                "2026-01-01T00:00:00.000Z 1 Task timed out after 60.00 seconds",
                Some(Said::Ended(
                    "Lambda: 2026-01-01T00:00:00.000Z 1 Task timed out after 60.00 seconds".to_owned(),
                )),
            ),
            ("REPORT RequestId: 1\tDuration: 2 ms\tMemory Size: 128 MB", None),
            ("START RequestId: 1 Version: $LATEST", None),
            ("WARN records set aside; they are kept in s3://b reason=\"gzip\"", None),
            ("", None),
        ] {
            assert_eq!(Said::read(line), said, "{line}");
        }
        for line in [
            "REPORT RequestId: 1\tStatus: error\tError Type: Runtime.ExitError",
            "INIT_REPORT Init Duration: 5.43 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError",
            "RequestId: 1 Error: Runtime exited with error: exit status 1",
            "RequestId: 1 Error: Runtime.Unknown",
            r#"{"time":"t","type":"platform.initReport","record":{"status":"error","errorType":"Runtime.Unknown"}}"#,
        ] {
            assert!(matches!(Said::read(line), Some(Said::Ended(_))), "{line}");
        }
    }

    #[test]
    fn the_line_of_metrics_says_what_became_of_each_destination() {
        let line = json!({"_aws": {}, "IteratorLagMilliseconds": 1500.0, "Destinations": {
            "took": {"EventsDelivered": 3, "Failure": null},
            "slow": {"EventsDelivered": 3, "Failure": "deadline", "Detail": "late"},
            "stuck": {"EventsDelivered": 0, "Failure": "deadline", "Detail": "late"},
            "none": {"EventsDelivered": 0, "Failure": null},
        }, "Quarantine": {"Kept": 0, "Failure": "NoSuchBucket"}, "level": "ERROR"});
        let took = |name: &str| Delivery { to: format!("destination `{name}`"), failure: None };
        let mut wanted = vec![
            took("took"),
            took("slow"),
            failed("destination `stuck`", "deadline: late"),
            failed(QUARANTINE, "NoSuchBucket"),
        ];
        let Some(Said::Outcome(mut found)) = Said::read(&line.to_string()) else { panic!("an outcome") };
        let order = |delivery: &Delivery| delivery.to.clone();
        found.deliveries.sort_by_key(order);
        wanted.sort_by_key(order);
        assert_eq!(found, Outcome { deliveries: wanted, lag: Some(1500.0) });
    }
}
