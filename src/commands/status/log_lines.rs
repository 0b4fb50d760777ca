//! The newest lines of each forwarder's own log, in the report of `cwl2le status`.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Metrics;
use futures_util::future::try_join_all;
use serde::Serialize;

use crate::aws::{EventQuery, Session, filter_log_events};
use crate::error::{Code, Result};
use crate::health::{Health, Line, WINDOW};
use crate::resources::{Observed, ObservedFunction, Stack, current_config, isolated_functions};
use crate::stack::Names;

/// The time spans that are read, back from now, in milliseconds: a busy function has written enough in the first of
/// them, and of a quiet one the last holds little.
const SPANS: [i64; 4] = [10_000, 60_000, 15 * 60_000, WINDOW];
/// Maximum number of pages of each span: up to 10,000 lines or 1 MB each.
const PAGES: usize = 3;
/// Maximum number of lines of a page.
const PAGE: usize = 10_000;

/// What the newest lines say of one function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FunctionHealth {
    /// The function.
    pub function: String,
    /// What they say.
    #[serde(flatten)]
    pub health: Health,
    /// Why there is nothing to say, where the lines cannot be read or there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The command that shows its whole log.
    #[serde(skip)]
    pub tail: String,
    /// What is wrong, in words.
    #[serde(skip)]
    pub problems: Vec<String>,
}

/// Reads the lines of all functions of the stack that are there: at most 12 calls for each, however much they log.
pub(super) async fn read(
    session: &Session,
    stack: &Stack,
    observed: &Observed,
) -> Result<Vec<FunctionHealth>> {
    let main = observed.function.as_ref().map(|function| (stack.names.clone(), function));
    let isolated = isolated_functions(stack, observed).into_keys().filter_map(|name| {
        let function = observed.isolated.get(&name)?.function.as_ref()?;
        Some((stack.names.isolated(&name), function))
    });
    let all = main.into_iter().chain(isolated);
    try_join_all(all.map(async |(names, function)| of(session, &names, function).await)).await
}

async fn of(session: &Session, names: &Names, function: &ObservedFunction) -> Result<FunctionHealth> {
    let now = i64::try_from(session.time()).unwrap_or_default() * 1000 + 999;
    let log_group = function.log_group.as_ref().unwrap_or(&names.function_log_group);
    let config = current_config(function);
    let destinations: BTreeSet<String> = config
        .iter()
        .flat_map(|config| config.destinations.keys())
        .map(|name| format!("destination `{name}`"))
        .collect();
    // What failed before the function was changed may be fixed by that change.
    let since = (now - WINDOW).max(function.modified.unwrap_or_default());
    let found = |health: Health, unknown: Option<String>| FunctionHealth {
        function: names.function.clone(),
        tail: session.show_log("1h"),
        problems: health.problems(now),
        health,
        unknown,
    };
    let (lines, is_whole) = match lines(session, log_group, since, now, &destinations).await {
        Ok(read) => read,
        Err(error) if matches!(error.code, Code::AccessDenied | Code::UnknownLogGroup | Code::NotFound) => {
            let why = format!("the newest lines of {log_group} cannot be read: {error}");
            return Ok(found(Health::default(), Some(why)));
        }
        Err(error) => return Err(error),
    };
    let has_metrics = config.is_none_or(|config| config.metrics != Metrics::None);
    let health = Health::judge(&lines, now, has_metrics);
    let unknown = lines.is_empty().then(|| {
        if !is_whole {
            return format!("{log_group} takes too long to read: nothing is known of deliveries");
        }
        let changed = if since > now - WINDOW { ", since the function was changed" } else { "" };
        format!("{log_group} has no line of the last hour{changed}: nothing is known of deliveries")
    });
    Ok(found(health, unknown))
}

/// The newest lines in the order of their times: as many spans as it takes to know the newest outcome of each
/// destination. Also returns whether these are all lines of the spans.
async fn lines(
    session: &Session,
    log_group: &str,
    since: i64,
    now: i64,
    destinations: &BTreeSet<String>,
) -> Result<(Vec<Line>, bool)> {
    let (mut lines, mut until): (Vec<Line>, i64) = (Vec::new(), now);
    let mut decided = BTreeSet::new();
    for span in SPANS {
        let from = since.max(now - span);
        if from > until {
            break;
        }
        let (mut older, is_whole) =
            span_of(session, EventQuery { log_group, from, until, pattern: None, newest_first: false })
                .await?;
        // A span that is too large to read lacks its newest lines, so it says less than the spans that are newer.
        if !is_whole && !lines.is_empty() {
            return Ok((lines, false));
        }
        decided.extend(Health::decided(&older));
        older.append(&mut lines);
        lines = older;
        if !is_whole {
            return Ok((lines, false));
        }
        if !destinations.is_empty() && destinations.is_subset(&decided) {
            break;
        }
        until = from - 1;
    }
    Ok((lines, true))
}

/// The lines of a span, and whether they are complete.
async fn span_of(session: &Session, query: EventQuery<'_>) -> Result<(Vec<Line>, bool)> {
    let (mut lines, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let (events, more) = filter_log_events(session, query, PAGE, next).await?;
        lines.extend(events.into_iter().map(|event| (event.timestamp, event.message)));
        next = more;
        if next.is_none() {
            return Ok((lines, true));
        }
    }
    Ok((lines, false))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn event(at: i64, delivered: u64, failure: Option<&str>) -> Value {
        let line =
            json!({"_aws": {}, "Destinations": {"app": {"EventsDelivered": delivered, "Failure": failure}}});
        json!({"timestamp": at, "message": line.to_string()})
    }

    async fn read(aws: &FakeAws, now: i64) -> Result<(Vec<Line>, bool)> {
        lines(
            &aws.session(),
            "/aws/lambda/f",
            now - WINDOW,
            now,
            &BTreeSet::from(["destination `app`".to_owned()]),
        )
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_log_is_read_as_far_as_it_takes_and_a_quiet_one_in_four_calls() {
        let now = 1_790_000_000_000;
        let busy = FakeAws::new(move |_| Answer::Json(json!({"events": [event(now - 5, 1, None)]})));
        let (found, is_whole) = read(&busy, now).await.expect("read");
        assert_eq!((found.len(), is_whole, busy.requests().len()), (1, true, 1));

        let quiet = FakeAws::new(|_| Answer::Json(json!({"events": []})));
        assert_eq!(read(&quiet, now).await.expect("read"), (Vec::new(), true));
        let spans: Vec<(Option<i64>, Option<i64>)> = quiet
            .requests()
            .iter()
            .map(|request| (request.body["startTime"].as_i64(), request.body["endTime"].as_i64()))
            .collect();
        assert_eq!(spans.len(), SPANS.len());
        // Without a gap and without an overlap.
        assert!(spans.windows(2).all(|pair| pair[0].0 == pair[1].1.map(|end| end + 1)), "{spans:?}");
        assert_eq!((spans[0].1, spans[3].0), (Some(now), Some(now - WINDOW)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_span_that_is_too_much_to_read_hides_no_newer_success() {
        let now = 1_790_000_000_000;
        let calls = AtomicUsize::new(0);
        // Nothing in the last seconds, another destination in the last minute, and before that more failures than are
        // read.
        let aws = FakeAws::new(move |request| {
            let from = request.body["startTime"].as_i64().unwrap_or_default();
            match calls.fetch_add(1, Ordering::Relaxed) {
                0 => Answer::Json(json!({"events": []})),
                1 => Answer::Json(json!({"events": [{"timestamp": from, "message": "START"}]})),
                _ => Answer::Json(json!({"events": [event(from, 0, Some("refused"))], "nextToken": "more"})),
            }
        });
        let (found, is_whole) = read(&aws, now).await.expect("read");
        assert_eq!((found.len(), is_whole, aws.requests().len()), (1, false, 2 + PAGES));
    }
}
