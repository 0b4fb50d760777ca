//! What is missing, stopped or broken.

use super::lag::Lag;
use super::metric::Metric;
use super::ruling::{Ruling, Verdict, ago};
use super::said::{Said, Trouble};
use super::signals::{Chain, Signals};
use crate::output::visible;
use crate::resources::{FunctionFailure, ObservedFunction, TriggerState, Unread};

/// The newest minutes that failed invocations are counted in, in milliseconds: five.
const LATELY: i64 = 5 * 60 * 1000;
/// In how many of these minutes they have to fail, for it to be more than a retry.
const MOST: usize = 3;

/// What delivery cannot do without and does not exist.
pub(super) fn missing(chain: &Chain) -> Option<Ruling> {
    let is_missing = |what, is_there: bool| !chain.unread.contains_key(&what) && !is_there;
    let stream = is_missing(Unread::Stream, chain.observed.stream.is_some());
    let function = is_missing(Unread::Function, chain.observed.function.is_some());
    let why = match (stream, function) {
        (true, true) => format!("stack `{}` does not exist", chain.stack),
        (true, false) => format!("the stream {} does not exist", chain.names.stream),
        (false, true) => format!("the function {} does not exist", chain.names.function),
        (false, false) => return None,
    };
    Some((Verdict::NotSetUp, why, None))
}

/// Why CloudWatch Logs certainly cannot write into the stream. It does not try again, so what is logged is lost, and no
/// metric says so before anything is.
pub(super) fn unwritable(chain: &Chain) -> Option<Ruling> {
    let role = chain.read(Unread::Roles, |observed| observed.logs_role.as_ref()).ok()?;
    let how = match role {
        None => "does not exist",
        Some(role) if role.policies.is_empty() && role.attached.is_empty() => "has no policy",
        Some(_) => return None,
    };
    let name = &chain.names.logs_role;
    Some((
        Verdict::Losing,
        format!("the role {name} {how}: CloudWatch Logs cannot write to the stream"),
        None,
    ))
}

/// Why nothing reads the stream.
pub(super) fn stopped(chain: &Chain, lag: &Lag, now: i64) -> Option<Ruling> {
    let why = no_mapping(chain).or_else(|| chain.observed.functions().find_map(no_function));
    if why.is_none() && lag.waiting_since.is_none() {
        return None;
    }
    let since = lag.waiting_since.map(|since| format!("for {}", ago(now - since))).unwrap_or_default();
    let why = why.unwrap_or_else(|| format!("records wait in the stream and nothing was invoked {since}"));
    Some((Verdict::Stopped, why, lag.waiting_since))
}

/// Why no event source mapping reads the stream.
fn no_mapping(chain: &Chain) -> Option<String> {
    if chain.unread.contains_key(&Unread::Triggers) {
        return None;
    }
    let stream = chain.names.stream_arn(&chain.target);
    let function = &chain.names.function;
    if !chain.observed.triggers.iter().any(|mapping| mapping.source_arn == stream) {
        return Some(format!("no event source mapping reads the stream for {function}"));
    }
    chain.mappings().find_map(|mapping| match mapping.state {
        TriggerState::Enabled | TriggerState::InTransition => None,
        TriggerState::Disabled => Some("the event source mapping is disabled".to_owned()),
        TriggerState::Deleting => Some("the event source mapping is being deleted".to_owned()),
    })
}

/// Why a function cannot be invoked.
fn no_function(function: &ObservedFunction) -> Option<String> {
    let name = function.arn.rsplit(':').next().unwrap_or_default();
    if let Some(failure @ FunctionFailure::Creation(_)) = &function.failure {
        return Some(format!("{name} cannot be invoked: {}", visible(failure)));
    }
    let is_off = function.reserved_concurrency == Some(0);
    is_off.then(|| format!("the reserved concurrency of {name} is 0"))
}

/// What does not work, by the newest lines, and by metrics where lines say nothing else.
pub(super) fn broken(signals: &Signals, said: &[Said], has_lines: bool) -> Option<Ruling> {
    let now = signals.now;
    let mut troubles: Vec<(String, &Trouble)> = Vec::new();
    for (log, said) in signals.logs.iter().zip(said) {
        let function = said.broken.iter().map(|trouble| (format!("{} fails", log.function), trouble));
        let quarantine =
            said.quarantine.iter().map(|trouble| ("records cannot be set aside in S3".to_owned(), trouble));
        let destinations = said.destinations.iter().filter_map(|(name, said)| {
            Some((
                format!("destination {} does not accept every event", visible(name)),
                said.failing.as_ref()?,
            ))
        });
        troubles.extend(function.chain(destinations).chain(quarantine));
    }
    troubles.sort_by_key(|(_, trouble)| trouble.since);
    if let Some((what, trouble)) = troubles.first() {
        let kind = trouble.kind.as_ref().map(|kind| format!("{kind}: ")).unwrap_or_default();
        let reason = format!("{kind}{}", trouble.why);
        let more = match troubles.len() - 1 {
            0 => String::new(),
            1 => "; one more fails".to_owned(),
            n => format!("; {n} more fail"),
        };
        let (reason, since) = (reason.trim_end_matches(": "), ago(now - trouble.since));
        let why = format!("{what}: {reason}; first failure {since} ago{more}");
        return Some((Verdict::Failing, why, Some(trouble.since)));
    }
    by_metrics(signals, said, has_lines).map(|why| (Verdict::Failing, why, None))
}

fn by_metrics(signals: &Signals, said: &[Said], has_lines: bool) -> Option<String> {
    let (metrics, since) = (signals.metrics.as_ref().ok()?, signals.now - LATELY);
    let last_whole = said.iter().filter_map(|said| said.last_whole).max();
    for (metric, what) in [
        (Metric::Errors, "invocations of the forwarder fail"),
        (Metric::Throttles, "Lambda has no concurrency left for the forwarder"),
    ] {
        let bad: Vec<i64> =
            metrics.points(metric, since).filter(|(_, count)| *count > 0.0).map(|(at, _)| at).collect();
        let newest = bad.iter().max().map(|at| at + 59_999);
        let is_over = newest.is_some_and(|newest| last_whole.is_some_and(|whole| whole > newest));
        if bad.len() >= MOST && !is_over {
            return Some(format!("{what}, in {} of the last 5 minutes", bad.len()));
        }
    }
    if has_lines {
        return None;
    }
    // Without lines, what failed last counts.
    let (failed, _) = metrics.last_above_zero(Metric::RecordsFailed, since)?;
    let delivered = metrics.last_above_zero(Metric::EventsDelivered, since);
    delivered
        .is_none_or(|(delivered, _)| delivered < failed)
        .then(|| "the forwarder could not deliver its newest records".to_owned())
}
