//! Takes invocations from Lambda, and answers each.
//!
//! An invocation without records asks whether a process could start now: it does again what a start does, and fails
//! with the reason where it cannot be done.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use serde_json::json;
use tokio::time::Instant;

use super::log::{print, rfc3339_now, say, say_always};
use super::runtime::{CANNOT_START, RuntimeApi};
use super::start::{Function, start};
use super::{canaries, metrics, notes};
use crate::config::Metrics;
use crate::delivery::{NoCheckpoint, Response};
use crate::note::{Level, Note};
use crate::record::event::Invocation;

/// Takes one invocation after the other, for as long as there is a runtime API.
pub(super) async fn serve(mut api: RuntimeApi, function: &mut Function) -> std::io::Result<Infallible> {
    loop {
        let mut next = api.next().await?;
        let event = std::mem::take(&mut next.body);
        let invocation = match Invocation::from_json(event) {
            Ok(invocation) => invocation,
            Err(error) => {
                let why = format!("the event is not JSON: line {} column {}", error.line(), error.column());
                api.fail(&next, "Cwl2le.NotJson", &why).await?;
                continue;
            }
        };
        if let Some(foreign) = invocation.foreign() {
            let why = foreign.to_string();
            say(function.journal, &Note::new(Level::Error, why.clone(), json!({})));
            api.fail(&next, "Cwl2le.ForeignEvent", &why).await?;
            continue;
        }
        // A warm process works on with what it read earlier. Whoever asks wants to know about the next one, too.
        if invocation.is_empty()
            && let Err(problem) = start(function.journal).await
        {
            say(function.journal, &Note::new(Level::Error, problem.clone(), json!({})));
            api.fail(&next, CANNOT_START, &problem).await?;
            continue;
        }
        function.forwarder.set_account(next.account.as_deref());
        // A panic costs its invocation, which comes again, and not the process with all that it remembers.
        let handled = AssertUnwindSafe(handle(function, &invocation, next.deadline)).catch_unwind().await;
        match handled {
            Ok(Ok(response)) => {
                if let Some(refusal) = api.respond(&next, &response).await? {
                    say(function.journal, &Note::new(Level::Error, refusal, json!({})));
                }
            }
            Ok(Err(problem)) => api.fail(&next, "Cwl2le.NoCheckpoint", &problem.to_string()).await?,
            Err(_) => {
                api.fail(&next, "Cwl2le.InternalError", "internal error; its place is in the log").await?
            }
        }
    }
}

async fn handle(
    function: &mut Function,
    invocation: &Invocation,
    deadline: SystemTime,
) -> Result<Response, NoCheckpoint> {
    // The deadline is a time of day; the clock that waiting uses stands still while the function is frozen.
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let outcome = function.forwarder.handle(invocation, Instant::now() + left).await;
    let now = u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX);
    if function.metrics != Metrics::None {
        let mut line = metrics::line(&function.origin, now, invocation, &outcome);
        if let Some(age) = function.store.oldest() {
            line["SecretAgeSeconds"] = json!(age.as_secs());
        }
        if function.metrics == Metrics::Cloudwatch {
            line["_aws"] = metrics::directive(now, &line);
        }
        print(&function.journal.counts(line, &rfc3339_now()));
    }
    for note in canaries::notes(now, invocation, &outcome) {
        say_always(function.journal, &note);
    }
    for note in function.store.remarks() {
        say(function.journal, &note);
    }
    for note in notes::notes(invocation, &outcome) {
        // Without the line, nothing else tells of a delivery that failed.
        if function.metrics == Metrics::None && note.fields.contains_key("failure") {
            say_always(function.journal, &note);
        } else {
            say(function.journal, &note);
        }
    }
    // Once: every line here is one more event of the group that should not be subscribed.
    if notes::saw_itself(&outcome) && !function.warned_of_itself {
        function.warned_of_itself = true;
        let why = "the log group of this function is subscribed to its own stream, which makes it invoke itself \
                   without end; its events are dropped; remove the subscription filter of this log group";
        say(function.journal, &Note::new(Level::Warn, why, json!({})));
    }
    outcome.response
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
