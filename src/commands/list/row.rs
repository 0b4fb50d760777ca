//! What a stack shows of itself, as a row. Pure.

use semver::Version;

use super::report::{LogGroups, Row};
use crate::flags::CommandLine;
use crate::health::{Chain, Limits, Signals, Unknown, Verdict, judge};
use crate::resources::{Unread, whole_config};
use crate::stack::names::VERSION_TAG;
use crate::stack::{Tags, owns};

/// The row of a stack. `version` is the one in the tags that it was found by. None if nothing of the stack is left:
/// AWS lists the tags of what was deleted for a while.
pub(super) fn row(signals: &Signals, version: Option<&String>, limits: Limits) -> Option<Row> {
    let chain = &signals.chain;
    let judgement = judge(signals, limits);
    let is_whole = judgement.verdict != Verdict::NotSetUp;
    let leftovers = if is_whole { Vec::new() } else { resources(chain) };
    if !is_whole && leftovers.is_empty() && chain.unread.is_empty() {
        return None;
    }
    let deployed = chain.observed.function.as_ref().and_then(|function| function.tags.get(VERSION_TAG));
    let is_bad = !judgement.verdict.is_good();
    Some(Row {
        stack: chain.stack.to_string(),
        // Whoever may tag the function may write anything there.
        version: deployed.or(version).filter(|version| Version::parse(version).is_ok()).cloned(),
        verdict: judgement.verdict,
        why: is_bad.then_some(judgement.why),
        lag_seconds: judgement.lag.now.map(|(seconds, _)| whole(seconds)),
        log_groups: log_groups(signals),
        destinations: destinations(chain),
        leftovers,
        unknown: judgement.gaps.into_iter().map(|(what, unknown)| gap(&what, unknown)).collect(),
        status: CommandLine::default(),
        teardown: CommandLine::default(),
        policies: CommandLine::default(),
    })
}

fn gap(what: &str, unknown: Unknown) -> Unknown {
    Unknown { why: format!("{what}: {}", unknown.why), ..unknown }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a year fit")]
fn whole(seconds: f64) -> u64 {
    seconds.round().max(0.0) as u64
}

/// The log groups that lead into a stack.
fn log_groups(signals: &Signals) -> Option<LogGroups> {
    let chain = &signals.chain;
    let stream = chain.names.stream_arn(&chain.target);
    let policy = chain.read(Unread::AccountPolicy, |observed| observed.account_policy.as_ref()).ok()?;
    let groups = signals.log_groups.as_ref().ok()?;
    Some(LogGroups {
        active: groups.names.len(),
        is_whole: groups.is_whole,
        account_policy: policy.is_some_and(|policy| policy.destination_arn == stream),
    })
}

/// The names of the destinations, where the configuration can be read.
fn destinations(chain: &Chain) -> Option<Vec<String>> {
    let unread = [Unread::Function, Unread::Isolated].iter().any(|what| chain.unread.contains_key(what));
    let whole = whole_config(&chain.observed.in_force()).ok().flatten().filter(|_| !unread)?;
    Some(whole.config.destinations.into_keys().collect())
}

/// What exists of a stack and has its tags.
fn resources(chain: &Chain) -> Vec<String> {
    let (names, there) = (&chain.names, &chain.observed);
    let own = |tags: Option<&Tags>| tags.is_some_and(|tags| owns(&chain.stack, &chain.target.region, tags));
    let stream = there.stream.as_ref().map(|stream| &stream.tags);
    let function = there.function.as_ref().map(|function| &function.tags);
    let log_group = there.log_group.as_ref().map(|group| &group.tags);
    let roles = [(&names.logs_role, &there.logs_role), (&names.function_role, &there.function_role)];
    let mut all: Vec<String> = [
        (stream, format!("stream {}", names.stream)),
        (function, format!("function {}", names.function)),
        (log_group, format!("log group {}", names.function_log_group)),
    ]
    .into_iter()
    .filter_map(|(tags, what)| own(tags).then_some(what))
    .collect();
    let roles = roles.into_iter().filter(|(_, role)| own(role.as_ref().map(|role| &role.tags)));
    all.extend(roles.map(|(name, _)| format!("role {name}")));
    for (destination, isolated) in &there.isolated {
        let names = names.isolated(destination);
        if own(isolated.function.as_ref().map(|function| &function.tags)) {
            all.push(format!("function {}", names.function));
        }
        if own(isolated.log_group.as_ref().map(|group| &group.tags)) {
            all.push(format!("log group {}", names.function_log_group));
        }
    }
    all
}
