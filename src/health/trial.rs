//! What a new version of the forwarder does with its first records, by the lines of its log: whether it may stay live.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Entry, Invocation, Level, Platform};
use crate::output::visible;

/// Number of newest invocations of the version before that count: what they failed with is nothing new.
const BEFORE: usize = 10;
/// Maximum number of characters that are shown of a reason.
const SHOWN: usize = 300;

/// One line of a function's log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrialLine {
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The log stream. Lambda names it after the version, as in `2026/11/30/[8]0123456789abcdef`.
    pub log_stream: String,
    /// What it says.
    pub entry: Entry,
}

/// What the version before failed with, in its newest invocations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownFailures {
    /// The kinds of failure, by destination.
    destinations: BTreeMap<String, BTreeSet<String>>,
    /// Whether it set records aside.
    sets_aside: bool,
    /// Whether invocations failed as a whole.
    is_broken: bool,
}

/// What a version has done so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Trial {
    /// Invocations that ended.
    pub invocations: u64,
    /// Invocations and starts that failed as a whole.
    pub errors: u64,
    /// Events that destinations accepted.
    pub delivered: u64,
    /// Records that failed and are retried.
    pub failed: u64,
    /// Milliseconds from the arrival of the newest record in the stream to the end of the newest invocation.
    pub lag_ms: Option<f64>,
    /// Why the version must not stay live; none while nothing is known against it.
    pub fault: Option<String>,
}

impl KnownFailures {
    /// Reads the newest lines of a version.
    pub(crate) fn of(version: &str, lines: &[TrialLine]) -> Self {
        let mut own: Vec<&TrialLine> = lines.iter().filter(|line| line.is_of(version)).collect();
        own.sort_by_key(|line| std::cmp::Reverse(line.at));
        let mut known = Self::default();
        let mut invocations = 0;
        for line in own {
            match &line.entry {
                Entry::Invocation(invocation) => {
                    known.add(invocation);
                    invocations += 1;
                    if invocations == BEFORE {
                        break;
                    }
                }
                Entry::Platform(Platform { failure: Some(_), .. }) => known.is_broken = true,
                _ => {}
            }
        }
        known
    }

    fn add(&mut self, invocation: &Invocation) {
        for (name, delivery) in &invocation.destinations {
            if let Some(failure) = &delivery.failure {
                self.destinations.entry(name.clone()).or_default().insert(failure.clone());
            }
        }
        self.sets_aside |= is_some(invocation.records.quarantined);
    }

    fn has(&self, destination: &str, failure: &str) -> bool {
        self.destinations.get(destination).is_some_and(|kinds| kinds.contains(failure))
    }
}

impl Trial {
    /// Judges the lines of a version, whatever their order. Lines of other versions say nothing of it, and a failure
    /// that the version before had as well says nothing against it.
    pub(crate) fn of(version: &str, lines: &[TrialLine], before: &KnownFailures) -> Self {
        let mut own: Vec<&TrialLine> = lines.iter().filter(|line| line.is_of(version)).collect();
        own.sort_by_key(|line| line.at);
        let (mut trial, mut said) = (Self::default(), None);
        for line in own {
            match &line.entry {
                Entry::Invocation(invocation) => trial.add(invocation, before),
                // The forwarder's own reason comes before Lambda's report, and says more.
                Entry::Note(note) if note.level == Level::Error => said = Some(note.message.as_str()),
                Entry::Platform(Platform { failure: Some(failure), .. }) => {
                    trial.errors += 1;
                    if !before.is_broken {
                        let why = said.take().unwrap_or(failure);
                        trial.blame(|| format!("an invocation fails: {}", shown(why)));
                    }
                }
                _ => {}
            }
        }
        trial
    }

    /// Adds what another function of the stack has done.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            invocations: self.invocations + other.invocations,
            errors: self.errors + other.errors,
            delivered: self.delivered + other.delivered,
            failed: self.failed + other.failed,
            lag_ms: [self.lag_ms, other.lag_ms].into_iter().flatten().reduce(f64::max),
            fault: self.fault.or(other.fault),
        }
    }

    fn add(&mut self, invocation: &Invocation, before: &KnownFailures) {
        self.invocations += 1;
        self.delivered += invocation.events_delivered.unwrap_or_default();
        self.failed += invocation.records.failed.unwrap_or_default();
        self.lag_ms = invocation.lag_ms.or(self.lag_ms);
        for (name, delivery) in &invocation.destinations {
            let Some(failure) = delivery.failure.as_deref().filter(|kind| !before.has(name, kind)) else {
                continue;
            };
            let detail = delivery.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
            self.blame(|| {
                format!("destination `{name}` fails with {}", shown(&format!("{failure}{detail}")))
            });
        }
        if is_some(invocation.records.quarantined) && !before.sets_aside {
            self.blame(|| "it sets records aside that it cannot deliver".to_owned());
        }
        if is_some(invocation.unbalanced) {
            self.blame(|| "its counts of events do not add up".to_owned());
        }
    }

    fn blame(&mut self, why: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(why);
    }
}

impl TrialLine {
    /// Whether a version wrote it. Only some lines name the version; the log stream always does.
    fn is_of(&self, version: &str) -> bool {
        match self.entry.function_version() {
            Some(named) => named == version,
            None => self.log_stream.contains(&format!("[{version}]")),
        }
    }
}

fn is_some(count: Option<u64>) -> bool {
    count.is_some_and(|count| count > 0)
}

/// A reason on one line, not too long.
fn shown(why: &str) -> String {
    let line = visible(why.split_whitespace().collect::<Vec<_>>().join(" "));
    line.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: i64, version: &str, text: &str) -> TrialLine {
        TrialLine { at, log_stream: format!("2026/11/30/[{version}]0a"), entry: Entry::read(text) }
    }

    fn counts(at: i64, version: &str, more: &str) -> TrialLine {
        let text = format!(
            r#"{{"Version":"0.3.0","FunctionVersion":"{version}","EventsDelivered":5,"IteratorLagMilliseconds":900,{more}}}"#
        );
        line(at, version, &text)
    }

    fn failing(at: i64, version: &str, kind: &str) -> TrialLine {
        let failure = format!(
            r#""Destinations":{{"app":{{"Failure":"{kind}","Detail":"no"}}}},"Records":{{"failed":2}}"#
        );
        counts(at, version, &failure)
    }

    const FINE: &str = r#""Destinations":{"app":{"EventsDelivered":5}}"#;

    #[test]
    fn a_version_that_delivers_may_stay_and_is_counted() {
        let lines = [counts(3, "8", FINE), counts(1, "7", FINE), counts(2, "8", FINE)];
        let trial = Trial::of("8", &lines, &KnownFailures::default());
        let expected = Trial { invocations: 2, delivered: 10, lag_ms: Some(900.0), ..Trial::default() };
        assert_eq!(trial, expected);
        // Nothing came: nothing is known, for or against it.
        assert_eq!(Trial::of("9", &lines, &KnownFailures::default()), Trial::default());
        let both = trial.and(Trial { errors: 1, fault: Some("x".to_owned()), ..Trial::default() });
        assert_eq!((both.invocations, both.errors, both.fault.as_deref()), (2, 1, Some("x")));
    }

    #[test]
    fn only_a_failure_that_is_new_speaks_against_a_version() {
        let before = KnownFailures::of("7", &[failing(1, "7", "connect"), counts(2, "7", FINE)]);
        let same = Trial::of("8", &[failing(3, "8", "connect")], &before);
        assert_eq!((same.failed, same.fault), (2, None));
        let other = Trial::of("8", &[failing(3, "8", "unauthorized")], &before);
        assert_eq!(other.fault.as_deref(), Some("destination `app` fails with unauthorized: no"));
        // The failure of another version, or one that was over long ago, is none of the version before.
        let old: Vec<TrialLine> =
            (0..10).map(|at| counts(at + 2, "7", FINE)).chain([failing(1, "7", "connect")]).collect();
        for before in [KnownFailures::of("7", &old), KnownFailures::of("7", &[failing(1, "6", "connect")])] {
            assert!(Trial::of("8", &[failing(30, "8", "connect")], &before).fault.is_some());
        }
    }

    #[test]
    fn a_version_that_crashes_times_out_or_sets_records_aside_goes() {
        for (lines, why) in [
            (
                vec![line(1, "8", "REPORT RequestId: 1\tDuration: 5 ms\tStatus: timeout")],
                "an invocation fails: REPORT RequestId: 1 Duration: 5 ms Status: timeout",
            ),
            (
                vec![
                    line(1, "8", r#"{"level":"ERROR","message":"cannot read CWL2LE_CONFIG"}"#),
                    line(2, "8", "RequestId: 1 Error: Runtime exited with error: exit status 1"),
                ],
                "an invocation fails: cannot read CWL2LE_CONFIG",
            ),
            (
                vec![counts(1, "8", r#""Records":{"quarantined":1},"Destinations":{}"#)],
                "it sets records aside that it cannot deliver",
            ),
            (
                vec![counts(1, "8", r#""Unbalanced":1,"Destinations":{}"#)],
                "its counts of events do not add up",
            ),
        ] {
            let trial = Trial::of("8", &lines, &KnownFailures::default());
            assert_eq!(trial.fault.as_deref(), Some(why));
            assert_eq!(Trial::of("7", &lines, &KnownFailures::default()).fault, None, "of another version");
        }
        // A version that replaces a broken one is not blamed for what it inherits.
        let crash =
            |version: &str| line(1, version, "RequestId: 1 Error: Runtime exited with error: exit status 1");
        let before = KnownFailures::of("7", &[crash("7")]);
        assert_eq!(Trial::of("8", &[crash("8")], &before).fault, None);
    }
}
