//! What became of a canary at a destination. Pure.

use super::hop::{Hop, Leg, State};
use crate::journal::{Canary, Invocation};

/// What became of a canary at a destination.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// It has a receipt.
    Delivered { receipt_ms: Option<f64> },
    /// The destination did not accept it; it is retried.
    Failed { failure: Option<String>, detail: String },
    /// It will never be delivered: refused for good, or without a destination.
    Dropped(String),
    /// A rule of its route drops it, so it says nothing of the destination.
    Filtered,
    /// The function itself does not work.
    Broken(String),
    /// Nobody says.
    Unknown(String),
}

impl Outcome {
    /// As the forwarder's note says it.
    pub(super) fn of_note(note: &Canary) -> Self {
        let detail = note.detail.clone().unwrap_or_default();
        match note.outcome.as_str() {
            "delivered" => Self::Delivered { receipt_ms: note.receipt_ms },
            "failed" => Self::Failed { failure: note.failure.clone(), detail },
            "filtered" => Self::Filtered,
            "refused" => Self::Dropped(said("the log service refuses it for good", &detail)),
            "quarantined" => Self::Dropped(said("it is set aside", &detail)),
            other => Self::Unknown(format!("the forwarder says `{other}`")),
        }
    }

    /// As the counts of an invocation with this one event say it.
    pub(super) fn of_counts(line: &Invocation, destination: Option<&str>) -> Self {
        let counts = &line.events;
        let is_some = |count: Option<u64>| count.is_some_and(|count| count > 0);
        let one = destination.and_then(|name| line.destinations.get(name));
        if let Some((failure, one)) = one.and_then(|one| Some((one.failure.clone()?, one))) {
            return Self::Failed { failure: Some(failure), detail: one.detail.clone().unwrap_or_default() };
        }
        if one.is_some_and(|one| one.has_delivered()) || destination.is_none() && is_some(counts.delivered) {
            return Self::Delivered { receipt_ms: one.and_then(|one| one.receipt_ms) };
        }
        if is_some(counts.filtered) {
            return Self::Filtered;
        }
        if is_some(counts.quarantined) || is_some(line.records.quarantined) {
            let what = destination.map_or_else(
                || "it is set aside: no route leads its log group anywhere".to_owned(),
                |name| format!("it is set aside: the forwarder has no destination `{name}`"),
            );
            return Self::Dropped(what);
        }
        if is_some(counts.failed) {
            return Self::Failed { failure: None, detail: "the destination did not accept it".to_owned() };
        }
        Self::Unknown("the counts of the invocation do not say what became of it".to_owned())
    }

    /// The row of a destination.
    pub(super) fn hop(&self, destination: &str, seconds: f64) -> Hop {
        let (state, found) = match self {
            Self::Delivered { receipt_ms: Some(ms) } => {
                (State::Ok, format!("delivered, receipt after {ms:.0} ms"))
            }
            Self::Delivered { receipt_ms: None } => (State::Ok, "delivered".to_owned()),
            Self::Failed { failure, detail } => {
                let parts =
                    [failure.as_deref(), Some(detail).filter(|detail| !detail.is_empty()).map(|d| &**d)];
                (State::Fault, parts.into_iter().flatten().collect::<Vec<_>>().join(": "))
            }
            Self::Dropped(what) | Self::Broken(what) => (State::Fault, what.clone()),
            Self::Filtered => (State::Unknown, "a rule of its route drops the line".to_owned()),
            Self::Unknown(what) => (State::Unknown, what.clone()),
        };
        let (receipt_ms, failure) = match self {
            Self::Delivered { receipt_ms } => (*receipt_ms, None),
            Self::Failed { failure, .. } => (None, failure.clone()),
            _ => (None, None),
        };
        Hop {
            destination: Some(destination.to_owned()),
            receipt_ms,
            failure,
            ..Hop::new(Leg::Destination, state, seconds, found)
        }
    }

    /// Whether the line has arrived.
    #[cfg(test)]
    pub(super) fn has_arrived(&self) -> bool {
        matches!(self, Self::Delivered { .. })
    }
}

fn said(what: &str, detail: &str) -> String {
    if detail.is_empty() { what.to_owned() } else { format!("{what}: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Entry;

    fn by_counts(line: &str, destination: Option<&str>) -> Outcome {
        let Entry::Invocation(line) = Entry::read(line) else { panic!("{line}") };
        Outcome::of_counts(&line, destination)
    }

    fn by_note(line: &str) -> Outcome {
        let Entry::Canary(note) = Entry::read(line) else { panic!("{line}") };
        Outcome::of_note(&note)
    }

    #[test]
    fn the_note_of_the_forwarder_says_what_became_of_it() {
        let note = |more: &str| {
            by_note(&format!(
                r#"{{"level":"INFO","message":"canary","id":"0123456789ab","destination":"app",{more}}}"#
            ))
        };
        assert_eq!(
            note(r#""outcome":"delivered","receipt_ms":48.1"#),
            Outcome::Delivered { receipt_ms: Some(48.1) }
        );
        let failed = note(r#""outcome":"failed","failure":"connect","detail":"refused""#);
        let hop = failed.hop("app", 1.0);
        assert_eq!((hop.state, hop.found.as_str()), (State::Fault, "connect: refused"));
        assert_eq!(hop.failure.as_deref(), Some("connect"));
        // The rule does what it should; the destination is not proven.
        let filtered = note(r#""outcome":"filtered""#);
        assert_eq!((filtered.clone(), filtered.hop("app", 1.0).state), (Outcome::Filtered, State::Unknown));
        for outcome in ["refused", "quarantined"] {
            assert!(matches!(note(&format!(r#""outcome":"{outcome}""#)), Outcome::Dropped(_)), "{outcome}");
        }
        // A later forwarder may say more: that is not a success.
        assert!(matches!(note(r#""outcome":"postponed""#), Outcome::Unknown(_)));
    }

    #[test]
    fn no_count_that_is_missing_is_a_delivery() {
        let line = |rest: &str| format!(r#"{{"_aws":{{}},"FunctionName":"f",{rest}}}"#);
        let delivered = line(
            r#""Events":{"received":1,"delivered":1},"Records":{"received":1,"delivered":1},
               "Destinations":{"app":{"EventsDelivered":1,"ReceiptMilliseconds":5.0,"Failure":null}}"#,
        );
        assert_eq!(by_counts(&delivered, Some("app")), Outcome::Delivered { receipt_ms: Some(5.0) });
        let other = by_counts(&delivered, Some("audit"));
        assert!(!other.has_arrived(), "another destination got it: {other:?}");
        let failed =
            line(r#""Destinations":{"app":{"EventsDelivered":0,"Failure":"dns","Detail":"no such host"}}"#);
        assert_eq!(
            by_counts(&failed, Some("app")),
            Outcome::Failed { failure: Some("dns".to_owned()), detail: "no such host".to_owned() }
        );
        let aside =
            line(r#""Records":{"received":1,"quarantined":1},"Destinations":{"app":{"EventsDelivered":0}}"#);
        assert!(matches!(by_counts(&aside, Some("gone")), Outcome::Dropped(what) if what.contains("`gone`")));
        assert!(matches!(by_counts(&line(r#""Destinations":{}"#), Some("app")), Outcome::Unknown(_)));
    }
}
