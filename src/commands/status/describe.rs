//! From what was read and judged to what is reported.

use std::time::{Duration, UNIX_EPOCH};

use super::accounts::Accounts;
use super::parts::Judge;
use super::report::{
    AccountPolicy, Alarm, Delivered, Destination, Flow, Forwarded, Forwarder, Gap, Invocations, KeptPlace,
    Lag, LagTimes, LogGroup, LogGroups, Lost, Part, SetAside, StatusReport, Stream, Subscription,
};
use super::shards::Shards;
use crate::aws::Session;
use crate::error::{Code, Result};
use crate::flags::CommandLine;
use crate::health::{self, Judgement, KeptWhy, Metric, Signals, Verdict};
use crate::resources::{
    Kind, Observed, Plan, Recorded, ResourceId, Stack, is_loop, is_own_filter, is_own_policy, would_loop,
};
use crate::settings::{destinations, what_and_where};
use crate::workflow::plan_stack::plan_as_it_is;

/// Number of log groups that `--groups` lists.
const LARGEST: usize = 10;

/// What a report depends on besides what was read.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) session: &'a Session,
    pub(super) command_line: &'a CommandLine,
    pub(super) deep: bool,
    pub(super) groups: bool,
    pub(super) shards: bool,
    pub(super) width: usize,
}

/// Builds the report.
pub(super) fn describe(about: About<'_>, signals: &Signals, judged: &Judgement) -> Result<StatusReport> {
    let (chain, now) = (&signals.chain, signals.now);
    let observed = &chain.observed;
    let is_whole = chain.unread.is_empty();
    let (stack, plan) = plan_as_it_is(about.session, &chain.stack, chain.scope, observed)?;
    let plan = Some(&plan).filter(|_| is_whole);
    let judge = Judge { session: about.session, stack: &stack, plan, unread: &chain.unread };
    let mut parts = judge.parts(observed);
    for (log, said) in signals.logs.iter().zip(&judged.said) {
        let is_it = |part: &&mut Part| part.resource == ResourceId::new(Kind::FUNCTION, &log.function);
        let waits = parts.iter_mut().find(is_it).filter(|part| part.ready == Some(false));
        if let (Some(part), Some((number, trouble))) = (waits, &said.newer) {
            part.wrong.push(format!("version {number} fails: {}", trouble.why));
        }
    }
    let subscriptions = about.deep.then(|| subscriptions(&stack, observed));
    let account_policy = account_policy(&stack, observed);
    let open = plan.map(|plan| open(plan, &parts));
    let loops = account_policy.as_ref().is_some_and(|policy| !policy.loops.is_empty())
        || subscriptions.iter().flatten().any(|subscription| subscription.loops);
    let bad = loops
        || parts.iter().any(|part| part.ready == Some(false))
        || open.as_ref().is_some_and(|open| !open.is_empty())
        || !judged.verdict.is_good() && judged.verdict != Verdict::Unknown;
    let known = open.is_some() && judged.verdict != Verdict::Unknown;
    let unread_shards = signals.shards.as_ref().and_then(|read| read.as_ref().err());
    let command = |verb: &str| about.command_line.of_stack(verb);
    let next = match judged.verdict {
        Verdict::NotSetUp => Some(command("setup")),
        Verdict::Flowing | Verdict::Quiet if bad => Some(command("plan")),
        Verdict::Flowing | Verdict::Quiet if judged.set_aside.is_none() => None,
        _ => Some(command("doctor")),
    };
    Ok(StatusReport {
        stack: chain.stack.to_string(),
        account: chain.target.account.clone(),
        region: chain.target.region.to_string(),
        time: time(now),
        verdict: judged.verdict,
        why: judged.why.clone(),
        since: judged.since.map(time),
        next: next.map(|next| next.to_string()),
        ready: if bad { Some(false) } else { known.then_some(true) },
        window: judged.flow.window,
        flow: flow(&judged.flow, observed.stream.as_ref().map(|stream| stream.open_shards)),
        destinations: destinations_of(signals, judged),
        lag: lag(&judged.lag, now),
        lost: judged
            .losses
            .iter()
            .map(|loss| Lost { what: loss.what, count: whole(loss.count), last: time(loss.last) })
            .collect(),
        set_aside: judged.set_aside.map(|(why, last)| SetAside { why: why_kept(why), last: time(last) }),
        kept: signals.kept.iter().map(|place| kept(place, now)).collect(),
        forwarder: forwarder(signals, judged),
        alarms: signals.alarms.as_ref().ok().map(|all| all.alarms.iter().map(alarm).collect()),
        accounts: Accounts::of(&stack, signals),
        shards: signals
            .shards
            .as_ref()
            .filter(|_| about.shards)
            .map(|read| read.as_ref().ok().map(Shards::of)),
        log_groups: log_groups(signals, judged, about.groups),
        unknown: judged
            .gaps
            .iter()
            .map(|(what, gap)| (what.as_str(), gap))
            .chain(unread_shards.map(|gap| ("the shards", gap)))
            .map(|(what, gap)| Gap {
                what: what.to_owned(),
                why: gap.why.clone(),
                action: gap.action.clone(),
            })
            .collect(),
        parts,
        open,
        subscriptions,
        account_policy,
        is_partial: judged.is_partial,
        now,
        advice: plan.and_then(|plan| advice(plan, loops)),
        plan: command("plan"),
        setup: command("setup"),
        policies: about.command_line.on_call_policy(&about.session.target),
        width: about.width,
    })
}

/// A time in RFC 3339.
fn time(milliseconds: i64) -> String {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts; it saturates")]
fn whole(count: f64) -> u64 {
    count.round() as u64
}

fn flow(flow: &health::Flow, open_shards: Option<u32>) -> Flow {
    let count = |count: Option<f64>| count.map(whole);
    Flow {
        forwarded: Forwarded {
            events: count(flow.forwarded),
            is_whole: flow.is_whole,
            errors: count(flow.delivery_errors),
            throttled: count(flow.delivery_throttled),
        },
        stream: Stream {
            records: count(flow.records),
            bytes: count(flow.bytes),
            throttled: count(flow.stream_throttled),
            busiest_percent: flow
                .records
                .zip(open_shards)
                .map(|(_, open)| flow.busiest.map_or(0, |load| whole(load.percent_of(open)))),
        },
        forwarder: Invocations {
            invocations: count(flow.invocations),
            errors: count(flow.errors),
            throttles: count(flow.throttles),
            records_failed: count(flow.records_failed),
        },
        delivered: Delivered {
            events: count(flow.delivered),
            filtered: count(flow.filtered),
            quarantined: count(flow.quarantined),
        },
    }
}

/// The destinations of all functions: those that are configured, and those that only their logs name.
fn destinations_of(signals: &Signals, judged: &Judgement) -> Vec<Destination> {
    let config = destinations::current(&signals.chain.observed);
    let configured = config.iter().flat_map(|config| &config.destinations);
    let mut all: Vec<Destination> = configured
        .map(|(name, settings)| Destination {
            name: name.clone(),
            service: what_and_where(settings),
            ..Destination::default()
        })
        .collect();
    for (log, said) in signals.logs.iter().zip(&judged.said) {
        for (name, said) in &said.destinations {
            // A name in a log is a text from outside: only one that is not configured is added.
            if !all.iter().any(|known| known.name == *name) && config.is_none() {
                all.push(Destination { name: name.clone(), ..Destination::default() });
            }
            let Some(destination) = all.iter_mut().find(|known| known.name == *name) else { continue };
            // A destination that has just been isolated is in two logs.
            let is_its_own = log.isolated.as_ref().is_none_or(|own| own == name);
            if !is_its_own {
                continue;
            }
            if judged.flow.has_lines {
                destination.delivered = Some(destination.delivered.unwrap_or_default() + said.delivered);
            }
            destination.receipt_ms = said.receipt_ms.or(destination.receipt_ms);
            if let Some(last) = said.last_delivered {
                destination.last_delivered = Some(time(last));
                destination.age = Some((signals.now - last) / 1000);
            }
            if let Some(failing) = &said.failing {
                destination.failure.clone_from(&failing.kind);
                destination.detail = Some(failing.why.clone()).filter(|why| !why.is_empty());
                destination.failing_since = Some(time(failing.since));
            }
        }
    }
    // What no line of a whole log names got nothing.
    if judged.flow.has_lines {
        all.iter_mut().for_each(|destination| destination.delivered = destination.delivered.or(Some(0)));
    }
    all
}

fn lag(lag: &health::Lag, now: i64) -> Lag {
    let rounded = |seconds: f64| (seconds * 1000.0).round() / 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "spans of our time are exact in 53 bits")]
    let expires_in = lag.expires_at.map(|at| (at - now).max(0) as f64 / 1000.0);
    Lag {
        times: LagTimes {
            seconds: lag.now.map(|(seconds, _)| rounded(seconds)),
            source: lag.now.map(|(_, source)| source),
            most_seconds: lag.most.map(rounded),
            growing: lag.is_growing,
            kept_seconds: lag.kept,
        },
        expires_at: lag.expires_at.map(time),
        expires_in,
    }
}

fn why_kept(why: KeptWhy) -> &'static str {
    match why {
        KeptWhy::Expired => "expired",
        KeptWhy::Quarantined => "quarantined",
    }
}

fn kept(place: &health::KeptPlace, now: i64) -> KeptPlace {
    let found = place.objects.as_ref().ok();
    // The first thousand keys are not the newest ones.
    let newest = found.filter(|found| found.is_whole).and_then(|found| found.newest);
    KeptPlace {
        why: why_kept(place.why),
        place: place.place.clone(),
        objects: found.map(|found| found.objects),
        bytes: found.map(|found| found.bytes),
        is_whole: found.is_some_and(|found| found.is_whole),
        newest: newest.map(time),
        age: newest.map(|newest| (now - newest) / 1000),
    }
}

fn forwarder(signals: &Signals, judged: &Judgement) -> Forwarder {
    let running = signals.chain.observed.in_force().function;
    let function = running.as_ref();
    let tagged = function.and_then(|function| Recorded::read(&function.tags).version);
    let described = function.and_then(|function| function.live_version()?.snapshot.release());
    let deployed = described.map(|release| release.version).or(tagged);
    let changed = function.and_then(|function| function.modified);
    let says = judged.said.first().and_then(|said| said.version.clone());
    Forwarder {
        version: says.or_else(|| deployed.map(|version| version.to_string())),
        published: function.and_then(|function| function.live()?.number()),
        cli: env!("CARGO_PKG_VERSION").to_owned(),
        changed: changed.map(time),
        age: changed.map(|changed| (signals.now - changed) / 1000),
    }
}

fn alarm(alarm: &health::Alarm) -> Alarm {
    Alarm {
        name: alarm.name.clone(),
        state: alarm.state.clone(),
        since: alarm.since.map(time),
        metric: alarm.metric.clone(),
        notifies: alarm.notifies,
    }
}

fn log_groups(signals: &Signals, judged: &Judgement, with_largest: bool) -> Option<LogGroups> {
    let groups = signals.log_groups.as_ref().ok()?;
    let largest = || {
        let metrics = signals.metrics.as_ref().ok()?;
        let series = metrics.series.get(&Metric::Forwarded).into_iter().flatten();
        let span = i64::try_from(judged.flow.window).unwrap_or(i64::MAX / 1000) * 1000;
        let sums = series.filter(|(name, _)| !name.is_empty()).map(|(name, points)| {
            let within = points.iter().filter(|(at, _)| *at >= signals.now - span);
            LogGroup { name: name.clone(), events: whole(within.map(|(_, value)| value).sum()) }
        });
        let mut sums: Vec<LogGroup> = sums.collect();
        sums.sort_by(|one, other| other.events.cmp(&one.events).then_with(|| one.name.cmp(&other.name)));
        sums.truncate(LARGEST);
        Some(sums)
    };
    let largest = if with_largest { largest() } else { None };
    Some(LogGroups { active: groups.names.len(), is_whole: groups.is_whole, largest })
}

/// What `setup` would do about anything that is no part, or cannot.
fn open(plan: &Plan, parts: &[Part]) -> Vec<String> {
    let is_part = |resource: &ResourceId| parts.iter().any(|part| part.resource == *resource);
    let steps = plan.steps.iter().filter(|step| !is_part(&step.resource));
    let refused = plan.refused.iter().filter(|refusal| !is_part(&refusal.resource));
    steps
        .map(|step| format!("{} {}", step.verb, step.resource))
        .chain(refused.map(|refusal| format!("{}: {}", refusal.resource, refusal.reason)))
        .collect()
}

/// The filters that lead into the chain, whoever made them.
fn subscriptions(stack: &Stack, observed: &Observed) -> Vec<Subscription> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let filters = observed
        .groups
        .iter()
        .flat_map(|(log_group, group)| group.filters.iter().map(move |filter| (log_group, filter)));
    filters
        .filter(|(_, filter)| filter.destination_arn == stream_arn)
        .map(|(log_group, filter)| Subscription {
            log_group: log_group.clone(),
            filter: filter.name.clone(),
            pattern: filter.pattern.clone(),
            ours: is_own_filter(stack, filter, None),
            loops: is_loop(stack, observed, log_group, filter),
        })
        .collect()
}

/// The account policy, where it leads into the chain, whoever made it.
fn account_policy(stack: &Stack, observed: &Observed) -> Option<AccountPolicy> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let policy = observed.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn)?;
    Some(AccountPolicy {
        name: policy.name.clone(),
        pattern: policy.pattern.clone(),
        leaves_out: policy.excluded.clone(),
        loops: would_loop(stack, observed).difference(&policy.excluded).cloned().collect(),
        ours: is_own_policy(stack, policy, None),
    })
}

/// What `cwl2le plan` shows of a chain that is not as it should be.
fn advice(plan: &Plan, loops: bool) -> Option<&'static str> {
    if plan.refused.iter().any(|refusal| refusal.code == Code::Unreadable) {
        return Some("how to restore the configuration");
    }
    if !plan.refused.is_empty() {
        return Some("what keeps `setup` from putting it right");
    }
    (loops || !plan.steps.is_empty()).then_some("what `setup` would change")
}
