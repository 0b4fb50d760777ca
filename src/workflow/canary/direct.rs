//! The function, invoked with a record of the canary's own: past the stream, and past every record that waits in it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cwl2le_forwarder::config::filter_name;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::mark::{LOG_STREAM, message};
use super::outcome::Outcome;
use crate::aws::{Aws, AwsError, Session};
use crate::error::Code;
use crate::events::{Origin, Record, SavedEvent};
use crate::journal::Entry;
use crate::resources::Stack;
use crate::resources::function::aws::{Invoked, invoke};

/// Time for Lambda to start a function, beyond what the function may take.
const START: Duration = Duration::from_secs(15);
/// Maximum time to repeat an invocation that is throttled.
const RETRY: Duration = Duration::from_secs(5);

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Direct {
    pub(super) seconds: f64,
    /// The version that ran.
    pub(super) version: Option<String>,
    pub(super) outcome: Outcome,
}

/// The payload that a subscription would write, whose filter pins a destination.
pub(super) fn record(stack: &Stack, destination: Option<&str>, id: &str, time: i64) -> Record {
    let base = &stack.names.filter;
    let filter = destination.map_or_else(|| base.clone(), |name| filter_name(base, name));
    let log_group = stack.name.canary_log_group();
    let origin = Origin {
        owner: &stack.target.account,
        log_group: &log_group,
        log_stream: LOG_STREAM,
        filter: &filter,
    };
    Record::of(origin, &[SavedEvent { id: id.to_owned(), timestamp: Some(time), message: message(id) }])
}

/// Invokes a function with a canary for a destination; `limit` is the function's own timeout.
pub(super) async fn ask(
    session: &Session,
    stack: &Stack,
    function: &str,
    destination: Option<&str>,
    id: &str,
    limit: Duration,
) -> Direct {
    let now = i64::try_from(session.time()).unwrap_or_default() * 1000;
    let record = record(stack, destination, id, now);
    let aws: Aws<'_> = session.into();
    let began = Instant::now();
    let asked = invoke(aws.at_most(RETRY), function, &event(stack, &record), limit + START).await;
    let version = asked.as_ref().ok().and_then(|invoked| invoked.version.clone());
    let outcome = match asked {
        Ok(invoked) => read(&invoked, destination, id),
        Err(error) => of_error(error),
    };
    Direct { seconds: began.elapsed().as_secs_f64(), version, outcome }
}

/// The event of an invocation by the trigger. Its record has a sequence number that no record of the stream has, since
/// the forwarder remembers those that it has delivered; and no time of arrival, so that a function serves it which has
/// its destination only from some time on.
fn event(stack: &Stack, record: &Record) -> String {
    let sequence = format!("{:056}", fastrand::u64(1..));
    let data = if let Record::Data(data) = record { STANDARD.encode(data) } else { String::new() };
    let record = json!({
        "eventID": format!("shardId-000000000000:{sequence}"),
        "eventSource": "aws:kinesis",
        "eventSourceARN": stack.names.stream_arn(&stack.target),
        "kinesis": { "sequenceNumber": sequence, "data": data },
    });
    json!({ "Records": [record] }).to_string()
}

fn of_error(error: AwsError) -> Outcome {
    let error = crate::error::Error::from(error);
    match error.code {
        Code::AccessDenied => Outcome::Unknown(format!("it may not be invoked: {}", error.message)),
        Code::Throttled => Outcome::Broken("it is throttled: no invocation finds a turn".to_owned()),
        Code::NotFound => Outcome::Broken("it does not exist".to_owned()),
        _ => Outcome::Broken(error.to_string()),
    }
}

/// Reads what became of the canary out of an invocation: its own note, else the line of counts, which an older forwarder
/// writes as well.
fn read(invoked: &Invoked, destination: Option<&str>, id: &str) -> Outcome {
    if let Some(failed) = &invoked.failed {
        return Outcome::Broken(format!("it fails: {}", failed.reason()));
    }
    let mut by_counts = None;
    let mut told = None;
    for line in invoked.tail.lines() {
        match Entry::read(line) {
            Entry::Canary(canary)
                if canary.id == id
                    && (destination.is_none() || canary.destination.as_deref() == destination) =>
            {
                told = Some(Outcome::of_note(&canary));
            }
            Entry::Canary(canary) if canary.id == id && canary.destination.is_none() => {
                told = Some(Outcome::of_note(&canary));
            }
            Entry::Invocation(line) => by_counts = Some(Outcome::of_counts(&line, destination)),
            _ => {}
        }
    }
    if let Some(outcome) = told.or(by_counts) {
        return outcome;
    }
    let failures = invoked.answer.get("batchItemFailures").and_then(Value::as_array);
    match failures {
        Some(failures) if !failures.is_empty() => {
            Outcome::Failed { failure: None, detail: "it reports the record as not delivered".to_owned() }
        }
        _ => Outcome::Unknown(
            "it reports no failure, and its log does not say what became of the line".to_owned(),
        ),
    }
}
