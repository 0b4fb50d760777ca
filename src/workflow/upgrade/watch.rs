//! Watches new versions by their lines in the log, from when they are live.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::counted::counted;
use super::moved::Moved;
use crate::aws::{Aws, EventQuery, Session, filter_log_events};
use crate::error::{Code, Error, Result};
use crate::health::{KnownFailures, Trial, TrialLine};
use crate::journal::Entry;
use crate::output::Step;

/// Interval between two readings.
const PAUSE: Duration = Duration::from_secs(2);
/// How far back the lines of the version before are read, in milliseconds.
const BEFORE: i64 = 60 * 60 * 1000;
/// How late a line may show up, in milliseconds: what was read last is read again by so much.
const LATE: i64 = 15_000;
/// Maximum number of lines of a page.
const PAGE: usize = 10_000;
/// Maximum number of pages of one reading: a page may be empty before the last one.
const PAGES: usize = 5;
/// Maximum time to repeat a read that is throttled, before the next one.
const RETRY: Duration = Duration::from_secs(5);

/// A watch of the functions whose live version changes.
pub(super) struct Watch<'a> {
    session: &'a Session,
    functions: Vec<Function<'a>>,
}

/// A function, with what its log has said so far.
struct Function<'a> {
    moved: &'a Moved,
    before: KnownFailures,
    /// By the ids of the events: lines of the last seconds are read again, since they come late.
    lines: BTreeMap<String, TrialLine>,
    /// From this time on, in milliseconds since 1970.
    from: i64,
}

/// What a watch has seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) trial: Trial,
    /// How long it watched, in seconds.
    pub(super) seconds: f64,
    /// Why it could not see anything, or not to the end.
    pub(super) unread: Option<String>,
}

impl<'a> Watch<'a> {
    /// Reads what the versions that are live still have failed with, before others take their place. What cannot be
    /// read is not known: then any failure speaks against the new version.
    pub(super) async fn prepare(session: &'a Session, moved: &'a [Moved]) -> Result<Self> {
        let mut functions = Vec::new();
        let now = now(session);
        for moved in moved {
            let query = EventQuery {
                log_group: &moved.log_group,
                from: now - BEFORE,
                until: now + LATE,
                pattern: None,
                newest_first: true,
            };
            let lines = match read(session, query).await {
                Err(error) if error.code == Code::Interrupted => return Err(error),
                lines => lines.unwrap_or_default(),
            };
            let lines: Vec<TrialLine> = lines.into_values().collect();
            // Functions that were never published run as `$LATEST`.
            let version = moved.from.map_or_else(|| "$LATEST".to_owned(), |version| version.to_string());
            let before = KnownFailures::of(&version, &lines);
            functions.push(Function { moved, before, lines: BTreeMap::new(), from: now });
        }
        Ok(Self { session, functions })
    }

    /// Watches until something speaks against a version, or the time is up.
    ///
    /// # Errors
    /// [`Code::Interrupted`]. What cannot be read is not known, and ends the watch.
    pub(super) async fn watch(&mut self, time: Duration, step: &Step) -> Result<Seen> {
        // Times are exact to a second. What a version has logged before it was live is the canary.
        let from = now(self.session) + 1000;
        self.functions.iter_mut().for_each(|function| function.from = from);
        let began = Instant::now();
        let mut seen = Seen::default();
        loop {
            let left = time.saturating_sub(began.elapsed());
            tokio::select! {
                () = sleep(PAUSE.min(left)) => {}
                () = self.session.stop().wait() => {
                    return Err(Error::new(Code::Interrupted, "stopped watching the new version"));
                }
            }
            let read = self.read().await;
            seen.seconds = began.elapsed().as_secs_f64();
            match read {
                Ok(()) => seen.trial = self.trial(),
                Err(error) if error.code == Code::Interrupted => return Err(error),
                // The next reading may do better.
                Err(error) if error.code == Code::Throttled && !left.is_zero() => {}
                Err(error) => {
                    seen.unread = Some(error.message);
                    return Ok(seen);
                }
            }
            if seen.trial.fault.is_some() || left.is_zero() {
                return Ok(seen);
            }
            step.waiting(counted(&seen.trial));
        }
    }

    async fn read(&mut self) -> Result<()> {
        let until = now(self.session) + LATE;
        for function in &mut self.functions {
            let query = EventQuery {
                log_group: &function.moved.log_group,
                from: function.from,
                until,
                pattern: None,
                newest_first: false,
            };
            function.lines.extend(read(self.session, query).await?);
            let newest = function.lines.values().map(|line| line.at).max();
            function.from = newest.map_or(function.from, |newest| function.from.max(newest - LATE));
        }
        Ok(())
    }

    fn trial(&self) -> Trial {
        let trials = self.functions.iter().map(|function| {
            let lines: Vec<TrialLine> = function.lines.values().cloned().collect();
            let trial = Trial::of(&function.moved.to.to_string(), &lines, &function.before);
            Trial { fault: trial.fault.map(|why| format!("{}: {why}", function.moved.shown())), ..trial }
        });
        trials.reduce(Trial::and).unwrap_or_default()
    }
}

/// The time by AWS's clock, in milliseconds since 1970.
fn now(session: &Session) -> i64 {
    i64::try_from(session.time()).unwrap_or_default() * 1000
}

/// Lines of a log group by the ids of their events. A log group that does not exist has none.
async fn read(session: &Session, query: EventQuery<'_>) -> Result<BTreeMap<String, TrialLine>> {
    let aws: Aws<'_> = session.into();
    let (mut lines, mut next) = (BTreeMap::new(), None);
    for _ in 0..PAGES {
        let page = filter_log_events(aws.at_most(RETRY), query, PAGE, next).await;
        let (events, more) = match page {
            Err(error) if matches!(error.code, Code::UnknownLogGroup | Code::NotFound) => break,
            page => page?,
        };
        lines.extend(events.into_iter().map(|event| {
            let entry = Entry::read(&event.message);
            (event.id, TrialLine { at: event.timestamp, log_stream: event.log_stream, entry })
        }));
        next = more;
        if next.is_none() {
            break;
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};
    use crate::output::Progress;

    fn moved() -> Vec<Moved> {
        vec![Moved { function: "f".to_owned(), log_group: "/aws/lambda/f".to_owned(), from: Some(7), to: 8 }]
    }

    fn event(id: &str, version: u64, at: i64, more: Value) -> Value {
        let mut line =
            json!({"Version": "0.3.0", "FunctionVersion": version.to_string(), "EventsDelivered": 5});
        line.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({"eventId": id, "timestamp": at, "logStreamName": format!("x/[{version}]y"), "message": line.to_string()})
    }

    fn failing(kind: &str) -> Value {
        json!({"Records": {"failed": 1}, "Destinations": {"app": {"Failure": kind, "Detail": "no"}}})
    }

    async fn watched(aws: FakeAws, time: u64) -> Result<Seen> {
        let (session, moved) = (aws.session(), moved());
        let mut watch = Watch::prepare(&session, &moved).await?;
        let step = Progress::none().begin("watching");
        watch.watch(Duration::from_secs(time), &step).await
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_come_twice_count_once_and_a_page_may_be_empty() {
        let aws = FakeAws::new(|request| {
            let fine = json!({"Destinations": {"app": {"EventsDelivered": 5}}});
            match (request.text("nextToken"), request.body["startFromHead"].as_bool()) {
                ("", _) => Answer::Json(json!({"events": [], "nextToken": "more"})),
                (_, Some(false)) => Answer::Json(json!({"events": [event("old", 7, 1, failing("connect"))]})),
                _ => Answer::Json(json!({"events": [
                    event("a", 8, 2, fine.clone()), event("b", 8, 3, failing("connect")), event("c", 7, 4, fine),
                ]})),
            }
        });
        let seen = watched(aws, 7).await.expect("watched");
        let Trial { invocations, delivered, failed, fault, .. } = seen.trial;
        assert_eq!((invocations, delivered, failed, fault), (2, 10, 1, None));
        assert!(seen.seconds >= 7.0 && seen.unread.is_none(), "{}", seen.seconds);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_new_ends_the_watch_and_names_the_version() {
        let aws = FakeAws::new(|request| match request.body["startFromHead"].as_bool() {
            Some(false) => Answer::Json(json!({"events": [event("old", 7, 1, failing("connect"))]})),
            _ => Answer::Json(json!({"events": [event("a", 8, 2, failing("unauthorized"))]})),
        });
        let seen = watched(aws, 600).await.expect("watched");
        assert_eq!(
            seen.trial.fault.as_deref(),
            Some("version 8: destination `app` fails with unauthorized: no")
        );
        assert!(seen.seconds < 10.0, "{}", seen.seconds);
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_may_not_be_read_is_not_a_version_that_works() {
        let aws = FakeAws::new(|_| Answer::Error(400, "AccessDeniedException", "not authorized"));
        let seen = watched(aws, 60).await.expect("watched");
        assert!(seen.unread.is_some() && seen.trial == Trial::default(), "{seen:?}");
        let missing = FakeAws::new(|request| Answer::missing(&request.operation));
        let seen = watched(missing, 4).await.expect("watched");
        assert!(seen.unread.is_none() && seen.trial.invocations == 0, "{seen:?}");
    }
}
