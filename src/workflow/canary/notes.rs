//! What the functions of a stack say of a canary in their logs.

use std::collections::BTreeMap;
use std::time::Duration;

use cwl2le_forwarder::config::Schedule;

use super::outcome::Outcome;
use crate::aws::{Aws, EventQuery, filter_log_events};
use crate::error::{Code, Error, Result};
use crate::journal::Entry;
use crate::resources::function::sharing::schedule_of;
use crate::resources::{Observed, ObservedFunction, Whole, current_config};
use crate::stack::Names;

/// Maximum time to repeat a read that is throttled, before the next one.
const RETRY: Duration = Duration::from_secs(3);
/// Maximum number of pages of one read: a page may be empty before the last one.
const PAGES: usize = 5;
/// Maximum number of lines of a page.
const LINES: usize = 1000;
/// How far a line's time may be before the write: clocks of AWS differ by that much.
const SKEW: i64 = 5_000;
/// A day, in milliseconds: no line is later than that.
const DAY: i64 = 86_400_000;

/// A function of the stack.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    /// What to invoke: its alias, where it has one.
    pub(super) invoked_as: String,
    pub(super) log_group: String,
    /// Maximum time of an invocation.
    pub(super) timeout: Duration,
    /// The destination that has this function of its own; it may serve it no longer.
    pub(super) isolated: Option<String>,
    /// The destinations that it serves.
    pub(super) destinations: Vec<String>,
}

/// The functions, each with the destinations that it serves; `whole` is the configuration of all of them, where it can
/// be read.
///
/// A function that hands its destination over serves it for the records that arrive before a time. With `at`, in
/// seconds since 1970, it is that of a record that arrives then; without, that of records from after the last change.
pub(super) fn functions(
    names: &Names,
    observed: &Observed,
    whole: Option<&Whole>,
    at: Option<u64>,
) -> Vec<Function> {
    let serves_itself = |name: &String| {
        let own = observed.isolated.get(name).and_then(|own| own.function.as_ref());
        let schedule = own.and_then(current_config).and_then(|config| schedule_of(&config, name));
        #[allow(clippy::cast_precision_loss, reason = "seconds of our time are exact in 53 bits")]
        let serves = |schedule: Schedule| match at {
            Some(at) => schedule.serves(Some(at as f64)),
            None => schedule.last(),
        };
        schedule.map_or_else(|| whole.is_none_or(|whole| whole.isolated.contains(name)), serves)
    };
    let function = |names: &Names, is: Option<&ObservedFunction>, destinations: Vec<String>| Function {
        name: names.function.clone(),
        invoked_as: is.map_or_else(|| names.function.clone(), |is| is.invoked_as(&names.function)),
        log_group: is.and_then(|is| is.log_group.clone()).unwrap_or_else(|| names.function_log_group.clone()),
        timeout: Duration::from_secs(is.map_or(60, |is| is.timeout_seconds.into())),
        isolated: None,
        destinations,
    };
    let own: Vec<Function> = (observed.isolated.iter())
        .map(|(name, own)| Function {
            isolated: Some(name.clone()),
            ..function(
                &names.isolated(name),
                own.function.as_ref(),
                Some(name.clone()).filter(serves_itself).into_iter().collect(),
            )
        })
        .collect();
    let all = whole.into_iter().flat_map(|whole| whole.config.names()).map(ToOwned::to_owned);
    let rest = all.filter(|name| own.iter().all(|own| !own.destinations.contains(name))).collect();
    [function(names, observed.function.as_ref(), rest)].into_iter().chain(own).collect()
}

/// What the notes of one function say.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// By destination; none for a line that goes to none.
    pub(super) outcomes: BTreeMap<Option<String>, Outcome>,
    /// Milliseconds from the arrival of the record in the stream to the first note.
    pub(super) lag_ms: Option<f64>,
}

/// Reads the notes that a function has written since a time, in milliseconds since 1970. A log group that is not there
/// has none.
///
/// # Errors
/// Whatever `logs:FilterLogEvents` fails with, but for throttling: the next read comes.
pub(super) async fn read(aws: Aws<'_>, function: &Function, id: &str, since: i64) -> Result<Notes> {
    let mut notes = Notes::default();
    for (_, entry) in lines(aws, function, &format!("\"{id}\""), since - SKEW, false).await? {
        let Entry::Canary(canary) = entry else { continue };
        if canary.id == id {
            notes.lag_ms = notes.lag_ms.or(canary.lag_ms);
            notes.outcomes.insert(canary.destination.clone(), Outcome::of_note(&canary));
        }
    }
    Ok(notes)
}

/// What the counts of a function's invocations say of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByCounts {
    /// An invocation took records at least as new. The forwarder is too old to write notes about canaries.
    Taken,
    /// Nothing of the kind.
    NotYet,
}

/// Looks in the lines of counts for an invocation that took records as new as one that arrived at this time, in
/// milliseconds since 1970. A forwarder that writes notes about canaries is not judged by its counts.
pub(super) async fn by_counts(aws: Aws<'_>, function: &Function, arrived: i64) -> Result<ByCounts> {
    let lines = lines(aws, function, "IteratorLagMilliseconds", arrived, false).await?;
    let taken = lines.into_iter().any(|(time, entry)| match entry {
        Entry::Invocation(line) if line.version.is_none() => {
            #[allow(clippy::cast_precision_loss, reason = "milliseconds of our time are exact in 53 bits")]
            let newest = line.lag_ms.map(|lag| time as f64 - lag);
            #[allow(clippy::cast_precision_loss, reason = "see above")]
            newest.is_some_and(|newest| newest >= arrived as f64 - 1.0)
        }
        _ => false,
    });
    Ok(if taken { ByCounts::Taken } else { ByCounts::NotYet })
}

/// How far behind a function was in its newest line since a time, in milliseconds; none where it says nothing.
pub(super) async fn lag(aws: Aws<'_>, function: &Function, since: i64) -> Result<Option<f64>> {
    let lines = lines(aws, function, "IteratorLagMilliseconds", since, true).await?;
    Ok(lines.into_iter().find_map(|(_, entry)| match entry {
        Entry::Invocation(line) => line.lag_ms,
        _ => None,
    }))
}

async fn lines(
    aws: Aws<'_>,
    function: &Function,
    pattern: &str,
    from: i64,
    newest_first: bool,
) -> Result<Vec<(i64, Entry)>> {
    let query = EventQuery {
        log_group: &function.log_group,
        from,
        until: from + DAY,
        pattern: Some(pattern),
        newest_first,
    };
    let (mut lines, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        match filter_log_events(aws.at_most(RETRY), query, LINES, next).await {
            Ok((events, more)) => {
                let entries = events.into_iter().map(|event| (event.timestamp, Entry::read(&event.message)));
                lines.extend(entries);
                next = more;
            }
            Err(error) if is_passing(&error) => break,
            Err(error) => return Err(error),
        }
        if next.is_none() {
            break;
        }
    }
    Ok(lines)
}

/// Whether the next read may do better, or there is no log group, which has no lines.
fn is_passing(error: &Error) -> bool {
    matches!(error.code, Code::Throttled | Code::UnknownLogGroup | Code::NotFound)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};
    use crate::resources::function::isolation_tests::isolating;
    use crate::resources::model::apply;
    use crate::resources::tests::{empty_account, one_stack, run};
    use crate::resources::{setup, whole_config};

    fn function() -> Function {
        Function {
            name: "f".to_owned(),
            invoked_as: "f:live".to_owned(),
            log_group: "/aws/lambda/f".to_owned(),
            timeout: Duration::from_secs(60),
            isolated: None,
            destinations: vec!["app".to_owned()],
        }
    }

    /// `audit` was isolated, and is no longer: its function still delivers what arrived before the change.
    #[test]
    fn a_destination_is_that_of_the_function_that_serves_it_from_now_on() {
        const NOW: u64 = 1_790_000_000;
        let mut account = Observed { time: Some(NOW), ..empty_account(&[]) };
        let stack = isolating(one_stack(), &["audit"]);
        let main = |account: &Observed, at| {
            let whole = whole_config(account).expect("readable");
            let all = functions(&stack.names, account, whole.as_ref(), at);
            let shared: Vec<&String> = all.iter().flat_map(|function| &function.destinations).collect();
            assert_eq!(shared.len(), 3, "each destination has one function: {all:?}");
            all[0].destinations.clone()
        };
        run(&stack, &mut account, |is| setup(&stack, is, false));
        assert_eq!(main(&account, None), ["app", "lake"]);

        account.time = Some(NOW + 100_000);
        let shared = isolating(one_stack(), &[]);
        let plan = setup(&shared, &account, false);
        apply(&shared, &mut account, &plan);
        assert!(account.isolated.contains_key("audit"), "{plan}");
        assert_eq!(main(&account, None), ["app", "audit", "lake"]);
        assert_eq!(main(&account, Some(NOW + 200_000)), ["app", "audit", "lake"]);
        // Until the change, records are still its own.
        assert_eq!(main(&account, Some(NOW + 100_000)), ["app", "lake"]);
    }

    fn log(events: Vec<Value>) -> FakeAws {
        FakeAws::new(move |request| match request.text("nextToken") {
            // A page may be empty before the last one.
            "" => Answer::Json(json!({"events": [], "nextToken": "more"})),
            _ => Answer::Json(json!({"events": events})),
        })
    }

    fn counts(time: i64, lag: f64, version: Option<&str>) -> Value {
        let line = json!({
            "_aws": {}, "FunctionName": "f", "Version": version, "IteratorLagMilliseconds": lag,
            "Destinations": {"app": {"EventsDelivered": 1, "Failure": null}},
        });
        json!({"timestamp": time, "message": line.to_string()})
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_forwarder_is_judged_by_its_counts() {
        for (lag, version, taken) in [
            (100.0, None, ByCounts::Taken),
            // Its newest record is older than the canary.
            (500.0, None, ByCounts::NotYet),
            // It would write a note.
            (100.0, Some("0.2.0"), ByCounts::NotYet),
        ] {
            let aws = log(vec![counts(1_000_400, lag, version)]);
            let found = by_counts((&aws.session()).into(), &function(), 1_000_200).await.expect("read");
            assert_eq!(found, taken, "{lag} {version:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn notes_of_other_canaries_and_missing_log_groups_say_nothing() {
        let note = |id: &str, outcome: &str| {
            let line = json!({"level": "INFO", "message": "canary", "id": id, "destination": "app",
                "outcome": outcome, "lag_ms": 842});
            json!({"timestamp": 1_000_000, "message": line.to_string()})
        };
        let aws = log(vec![note("other0000000", "delivered"), note("0123456789ab", "failed")]);
        let notes =
            read((&aws.session()).into(), &function(), "0123456789ab", 1_000_000).await.expect("read");
        assert_eq!(notes.outcomes.len(), 1);
        assert!(!notes.outcomes.values().any(Outcome::has_arrived) && notes.lag_ms == Some(842.0));

        let none = FakeAws::new(|request| Answer::missing(&request.operation));
        let notes =
            read((&none.session()).into(), &function(), "0123456789ab", 1_000_000).await.expect("read");
        assert!(notes.outcomes.is_empty());
        let denied = FakeAws::new(|_| Answer::Error(400, "AccessDeniedException", "no"));
        assert!(read((&denied.session()).into(), &function(), "0123456789ab", 0).await.is_err());
    }
}
