//! Whether Lambda reads the stream, and keeps up.

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Forwarder, Judged, count, points, seconds, span};
use super::super::finding::{Command, Finding};
use crate::health::{Metric, Metrics};
use crate::resources::alias::LIVE;
use crate::resources::{Field, Kind, ObservedTrigger, ResourceId, TriggerState, Unread};

/// Time after which CloudWatch shows what happened, in milliseconds: metrics are up to three minutes late.
const LATE: i64 = 3 * 60_000;
/// Time within which something that is going on shows again, in milliseconds.
const RECENT: i64 = 10 * 60_000;
/// Longest retention that Kinesis has, in hours.
const LONGEST_RETENTION: u32 = 8760;

pub(in super::super) const CATEGORY: Category = Category {
    name: "stream-is-read",
    title: "the stream is read",
    needs: &["credentials", "stack-there"],
    checks: &[
        Check::new(
            "trigger-there",
            "an event source mapping leads from the stream to the forwarder",
            trigger_there,
        ),
        Check::new("one-trigger", "only one does, so no line is sent twice", one_trigger)
            .needs(&["trigger-there"]),
        Check::new("trigger-enabled", "it is enabled", trigger_enabled).needs(&["trigger-there"]),
        Check::new(
            "trigger-as-set",
            "it retries until records expire, and lets all of them through",
            trigger_as_set,
        )
        .needs(&["trigger-there"]),
        Check::new("role-can-read", "the forwarder's role may read the stream", role_can_read),
        Check::new("not-throttled", "Lambda has enough concurrency for the forwarder", not_throttled),
        Check::new("polled", "what gets into the stream is read", polled).needs(&[
            "trigger-enabled",
            "role-can-read",
            "not-throttled",
        ]),
        Check::new(
            "retention-ahead-of-lag",
            "records are read long before they expire",
            retention_ahead_of_lag,
        ),
    ],
};

/// What a trigger is like, of a forwarder that has one.
fn of_trigger(
    evidence: &Evidence,
    judge: impl Fn(&Forwarder<'_>, &ObservedTrigger) -> Result<Finding, Finding>,
) -> Judged {
    evidence.read(Unread::Triggers, |_| ())?;
    evidence.each_forwarder(|forwarder| match forwarder.living().next() {
        Some(trigger) => judge(forwarder, trigger),
        None => Err(Finding::skipped("trigger-there")),
    })
}

fn trigger_there(evidence: &Evidence) -> Judged {
    evidence.read(Unread::Triggers, |_| ())?;
    evidence.each_forwarder(|forwarder| {
        let name = forwarder.resource(Kind::TRIGGER).place();
        Ok(match forwarder.living().next() {
            Some(trigger) => Finding::ok(name).with("uuid", trigger.uuid.clone()),
            None => {
                let found = format!("there is no trigger {name}: nothing reads the stream, and records expire in it");
                evidence.by_setup(Finding::fault(found)).detail(
                    "a new trigger begins at the oldest record: records in the stream that were delivered already are delivered again",
                )
            }
        })
    })
}

fn one_trigger(evidence: &Evidence) -> Judged {
    evidence.read(Unread::Triggers, |_| ())?;
    evidence.each_forwarder(|forwarder| {
        let mut living: Vec<&ObservedTrigger> = forwarder.living().collect();
        // The one that calls the alias stays, as `setup` wants it.
        living.sort_by_key(|trigger| match trigger.qualifier.as_deref() {
            Some(LIVE) => 0,
            None => 1,
            Some(_) => 2,
        });
        let [kept, others @ ..] = &living[..] else { return Err(Finding::skipped("trigger-there")) };
        if others.is_empty() {
            return Ok(Finding::ok("one trigger"));
        }
        let by = |trigger: &ObservedTrigger| match &trigger.qualifier {
            Some(qualifier) => format!("{} (calls `{qualifier}`)", trigger.uuid),
            None => trigger.uuid.clone(),
        };
        let found = format!(
            "{} triggers lead to {}: every line is sent {} times",
            living.len(),
            forwarder.names.function,
            living.len()
        );
        let mut finding = Finding::fault(found).with("triggers", living.len()).detail(format!(
            "{} stays; it reads every record from its own checkpoint, so no line is lost",
            by(kept)
        ));
        for other in others {
            let delete = ["lambda", "delete-event-source-mapping", "--uuid", other.uuid.as_str()];
            finding = finding.detail(format!("{} is one too many", by(other))).fix(Command::aws(delete));
        }
        Ok(finding)
    })
}

fn trigger_enabled(evidence: &Evidence) -> Judged {
    of_trigger(evidence, |forwarder, trigger| {
        let finding = match trigger.state {
            TriggerState::Enabled => return Ok(Finding::ok("enabled")),
            TriggerState::InTransition => {
                Finding::warn("the trigger is being changed").advise("AWS takes a minute for it")
            }
            TriggerState::Disabled | TriggerState::Deleting => {
                let metrics = evidence.metrics().ok();
                let waiting =
                    metrics.and_then(|metrics| came_in_since_last(metrics, &forwarder.names.function));
                let oldest = lag(evidence, forwarder).map(|lag| format!(", the oldest for {}", span(lag)));
                let found = match waiting {
                    Some(waiting) => format!(
                        "the trigger is disabled; at least {waiting} records wait{}",
                        oldest.unwrap_or_default()
                    ),
                    None => "the trigger is disabled: nothing reads the stream".to_owned(),
                };
                let finding = evidence.by_setup(Finding::fault(found));
                if let Some(waiting) = waiting { finding.with("waiting_records", waiting) } else { finding }
            }
        };
        let change = evidence.changes.iter().find(|change| change.uuid == trigger.uuid);
        Ok(match change {
            Some(change) => finding
                .since(Some(change.at))
                .detail(format!("by {} ({}, says CloudTrail)", change.who, change.call))
                .with("by", change.who.clone()),
            None => finding,
        })
    })
}

/// Number of records that came into the stream since the function was last invoked, within what was read.
fn came_in_since_last(metrics: &Metrics, function: &str) -> Option<u64> {
    let invoked =
        points(metrics, Metric::Invocations, function, metrics.from).filter(|(_, value)| *value > 0.0);
    let last = invoked.last().map_or(metrics.from, |(at, _)| at + 1);
    metrics.sum(Metric::StreamRecords, last).map(count)
}

fn trigger_as_set(evidence: &Evidence) -> Judged {
    of_trigger(evidence, |forwarder, _| {
        let resource = forwarder.resource(Kind::TRIGGER);
        let fields = evidence.differences(&resource)?;
        // Whether it is enabled has a check of its own, and whether it counts costs no line.
        let (mut counts, mut astray, mut loses) = (Vec::new(), Vec::new(), Vec::new());
        for field in fields.into_iter().filter(|field| field.name != "state") {
            let kind = match field.name {
                "event_counts" => &mut counts,
                "calls" => &mut astray,
                _ => &mut loses,
            };
            kind.push(field.to_string());
        }
        let finding = if !loses.is_empty() {
            Finding::fault(format!("the trigger loses or repeats lines: {}", loses.join(", ")))
        } else if let Some(calls) = astray.first() {
            let found = format!(
                "the trigger does not call the alias `{LIVE}` ({calls}), so a change reaches it untested"
            );
            Finding::warn(found)
        } else if !counts.is_empty() {
            Finding::warn(
                "the trigger does not count what it polls and drops: nothing tells of records that it gives up",
            )
        } else {
            return Ok(Finding::ok("retries until records expire, reports each failed record"));
        };
        Ok(evidence.by_setup(finding).with("differs", [loses, astray, counts].concat()))
    })
}

fn role_can_read(evidence: &Evidence) -> Judged {
    let names = &evidence.chain()?.names;
    let name = &names.function_role;
    let role = evidence.read(Unread::Roles, |observed| observed.function_role.as_ref())?;
    evidence.read(Unread::Function, |_| ())?;
    let finding = if role.is_none() {
        let found =
            format!("the role {name} does not exist: the forwarder can neither read the stream nor start");
        evidence.by_setup(Finding::fault(found))
    } else {
        let fields = evidence.differences(&ResourceId::new(Kind::ROLE, name))?;
        let fields: Vec<String> = fields
            .into_iter()
            .filter(|field| ["trust_policy", "inline_policy", "permissions_boundary"].contains(&field.name))
            .map(Field::label)
            .collect();
        if fields.is_empty() {
            Finding::ok(format!("{name} may read {}", names.stream))
        } else {
            let found = format!("the {} of the role {name} is not as it should be", fields.join(" and the "));
            evidence.by_setup(Finding::fault(found))
        }
    };
    Ok(vec![finding.with("role", name.clone())])
}

fn not_throttled(evidence: &Evidence) -> Judged {
    evidence.read(Unread::Function, |_| ())?;
    evidence.each_forwarder(|forwarder| {
        let name = &forwarder.names.function;
        let Some(function) = forwarder.function else { return Err(Finding::skipped("function-active")) };
        let reserved = function.reserved_concurrency;
        if reserved == Some(0) {
            let found = format!("the reserved concurrency of {name} is 0: Lambda does not invoke it at all");
            let fix = ["lambda", "delete-function-concurrency", "--function-name", name.as_str()];
            return Ok(Finding::fault(found).with("reserved_concurrency", 0).fix(Command::aws(fix)));
        }
        let metrics = evidence.metrics()?;
        let throttles = points(metrics, Metric::Throttles, name, evidence.since).filter(|(_, value)| *value > 0.0);
        let (mut sum, mut last) = (0.0, None);
        throttles.for_each(|(at, value)| (sum, last) = (sum + value, Some(at)));
        let Some(last) = last else {
            return Ok(Finding::ok(format!("no invocation refused in {}", evidence.window())).with("throttles", 0));
        };
        let found =
            format!("Lambda refused {} invocations, the last {} ago, for lack of concurrency", count(sum), span(evidence.now - last));
        let is_over = evidence.now - last > RECENT;
        let finding = if is_over { Finding::warn(found) } else { Finding::fault(found) };
        let stream = evidence.read(Unread::Stream, |observed| observed.stream.as_ref()).ok().flatten();
        let at_once = forwarder.living().next().map_or(1, |trigger| trigger.parallelization.max(1));
        let needed = stream.map_or(1, |stream| stream.open_shards) * at_once;
        Ok(match reserved {
            Some(reserved) if reserved < needed => finding
                .detail(format!("{reserved} are reserved for it, and {needed} run at once with the stream's shards"))
                .fix(Command::own(["setup", "--reserved-concurrency", &needed.to_string(), "--yes"])),
            _ => finding.advise(
                "the account's concurrency is used up: reserve some of it with `cwl2le setup --reserved-concurrency N`, or have \
                 the quota raised",
            ),
        }
        .with("throttles", count(sum))
        .with("needed_concurrency", needed))
    })
}

fn polled(evidence: &Evidence) -> Judged {
    of_trigger(evidence, |forwarder, trigger| {
        let metrics = evidence.metrics()?;
        let function = &forwarder.names.function;
        let (since, until) = (evidence.now - RECENT - LATE, evidence.now - LATE);
        let polls = points(metrics, Metric::Polled, &trigger.uuid, evidence.since).last();
        let invoked =
            points(metrics, Metric::Invocations, function, evidence.since).filter(|(_, n)| *n > 0.0).last();
        // What has just come in may be read any moment.
        let unread: f64 = metrics
            .points(Metric::StreamRecords, evidence.since)
            .filter(|(at, _)| *at <= until && invoked.is_none_or(|(last, _)| *at > last))
            .map(|(_, value)| value)
            .sum();
        let problem = trigger.last_result.as_ref().filter(|result| result.starts_with("PROBLEM"));
        let restart = ["lambda", "update-event-source-mapping", "--uuid", trigger.uuid.as_str(), "--enabled"];
        let finding = if let Some((last, _)) = polls.filter(|(at, _)| *at < since) {
            Finding::fault(format!(
                "Lambda last asked the stream for records {} ago",
                span(evidence.now - last)
            ))
            .since(seconds(last))
            .fix(Command::aws(restart))
        } else if unread > 0.0 {
            let last = invoked.map_or_else(
                || format!("in the last {}", evidence.window()),
                |(last, _)| format!("for {}", span(evidence.now - last)),
            );
            Finding::fault(format!(
                "{} records came in, and {function} was not invoked {last}",
                count(unread)
            ))
            .since(invoked.and_then(|(last, _)| seconds(last)))
            .fix(Command::aws(restart))
        } else {
            Finding::ok(match invoked {
                Some((last, _)) => {
                    format!(
                        "by the metrics, {function} was last invoked {} ago",
                        span((evidence.now - last).max(0))
                    )
                }
                None => format!("nothing came in that it would be invoked for in {}", evidence.window()),
            })
        };
        let finding = finding.with("unread_records", count(unread));
        Ok(match problem {
            Some(problem) => finding.detail(format!("the trigger's last result is {problem}")),
            None => finding,
        })
    })
}

/// How far behind a forwarder is, in milliseconds, by the newest that says so: Lambda's metric, that of the stream, or
/// the forwarder's own lines. None where nothing of the last minutes says it.
fn lag(evidence: &Evidence, forwarder: &Forwarder<'_>) -> Option<i64> {
    use crate::journal::Entry;

    let recent = evidence.now - RECENT;
    let metrics = evidence.metrics().ok();
    let name = &forwarder.names.function;
    let by_lambda = metrics.and_then(|metrics| points(metrics, Metric::IteratorAge, name, recent).last());
    let by_stream = metrics.and_then(|metrics| metrics.points(Metric::StreamAge, recent).last());
    let entries = forwarder.entries(recent).unwrap_or_default();
    let by_lines = entries.iter().rev().find_map(|(at, entry)| match entry {
        Entry::Invocation(invocation) => Some((*at, invocation.lag_ms?)),
        _ => None,
    });
    let newest = [by_lambda, by_lines].into_iter().flatten().max_by_key(|(at, _)| *at).or(by_stream);
    #[expect(clippy::cast_possible_truncation, reason = "a year has few milliseconds")]
    newest.map(|(_, lag)| lag as i64)
}

fn retention_ahead_of_lag(evidence: &Evidence) -> Judged {
    let stream = evidence.read(Unread::Stream, |observed| observed.stream.as_ref())?;
    let Some(stream) = stream else { return Err(Finding::skipped("stream-active")) };
    evidence.each_forwarder(|forwarder| {
        let by_stream = i64::from(stream.retention_hours) * 3_600_000;
        let age = forwarder.living().next().map(|trigger| trigger.max_age_seconds).filter(|age| *age > 0);
        let kept = age.map_or(by_stream, |age| by_stream.min(i64::from(age) * 1000));
        let Some(lag) = lag(evidence, forwarder) else {
            // Without it nothing is known, unless nothing came in either.
            let quiet = evidence.metrics()?.sum(Metric::StreamRecords, evidence.since).is_none();
            let found = format!("nothing said in the last {} how old the records are that are read", span(RECENT));
            return if quiet { Ok(Finding::ok("nothing waits")) } else { Err(Finding::unknown(found)) };
        };
        let found = format!("{} behind; records are kept for {}", span(lag), span(kept));
        let percent = lag * 100 / kept.max(1);
        let finding = match percent {
            ..50 => Finding::ok(found),
            50..100 => Finding::fault(format!("{found}: lines are lost in {}", span(kept - lag))),
            _ => Finding::fault(format!("{found}: lines expire unread and are lost")),
        };
        let finding = finding.with("lag_seconds", lag / 1000).with("kept_seconds", kept / 1000);
        if percent < 50 {
            return Ok(finding);
        }
        let hours = stream.retention_hours.saturating_mul(4).min(LONGEST_RETENTION);
        let finding = finding.advise(
            "a longer retention keeps what has not expired yet until the cause is fixed, which the other findings name",
        );
        Ok(if hours > stream.retention_hours {
            finding.fix(Command::own(["setup", "--retention-hours", &hours.to_string(), "--yes"]))
        } else {
            finding
        })
    })
}
