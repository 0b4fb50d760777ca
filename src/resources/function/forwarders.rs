//! The functions of a stack: the main one, and one for each isolated destination.
//!
//! There is one configuration. Each function gets its part of it: the settings of the destinations that it serves,
//! and the names of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use cwl2le_forwarder::config::{Config, Lines, Schedule};

use crate::resources::function::configuration::{current_config, read_config};
use crate::resources::function::sharing::{LettingGo, Now, Shares, Times, constant, schedule_of, share};
use crate::resources::role::documents::also_log_to;
use crate::resources::{Observed, ObservedForwarder, ObservedFunction, RoleSpec, Stack, Start};
use crate::stack::owns;

/// Seconds before a change from which on the trigger of a new function reads, so that the clocks need not agree.
const EARLIER: u64 = 300;

/// A function of a stack, with the stack and what exists as it sees them: with its own names, configuration and
/// resources.
#[derive(Debug, Clone)]
pub(crate) struct Forwarder {
    pub(crate) stack: Stack,
    pub(crate) observed: Observed,
    /// Whether it has to let go of a destination, after the function that takes over is ready.
    pub(crate) lets_go: bool,
    /// By when it has to, in seconds since 1970; else the next run finds another time.
    pub(crate) before: Option<u64>,
}

impl Forwarder {
    fn lets_go(&mut self, letting_go: Option<LettingGo>) {
        let Some(LettingGo { at, in_time, .. }) = letting_go else { return };
        self.lets_go = true;
        self.before = [self.before, in_time.then_some(at)].into_iter().flatten().min();
    }
}

/// The functions of a stack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Forwarders {
    /// Those that are wanted, the main one first.
    pub(crate) wanted: Vec<Forwarder>,
    /// Those whose destination is isolated no longer, or is no more, and that have delivered everything.
    pub(crate) retired: Vec<Forwarder>,
    /// The time of planning, where it stands in what is planned.
    pub(crate) planned_at: Option<u64>,
    /// What there is to know about them.
    pub(crate) notes: Vec<String>,
}

/// A view of the stack from the function of an isolated destination.
fn of_destination(stack: &Stack, observed: &Observed, destination: &str) -> Forwarder {
    let own = observed.isolated.get(destination).cloned().unwrap_or_default();
    let stack = Stack { names: stack.names.isolated(destination), ..stack.clone() };
    let ObservedForwarder { function, log_group, triggers } = own;
    let observed = Observed { function, log_group, triggers, ..observed.without_groups() };
    Forwarder { stack, observed, lets_go: false, before: None }
}

/// The functions of isolated destinations that are there and this stack's, as a teardown sees them.
pub(crate) fn existing(stack: &Stack, observed: &Observed) -> Vec<Forwarder> {
    let ours = observed.isolated.iter().filter(|(_, own)| is_ours(stack, own));
    ours.map(|(destination, _)| of_destination(stack, observed, destination)).collect()
}

/// The names of the functions of isolated destinations that are there and this stack's, by destination.
pub fn isolated_functions(stack: &Stack, observed: &Observed) -> BTreeMap<String, String> {
    let ours = observed.isolated.iter().filter(|(_, own)| is_ours(stack, own));
    ours.map(|(name, _)| (name.clone(), stack.names.isolated(name).function)).collect()
}

fn is_ours(stack: &Stack, own: &ObservedForwarder) -> bool {
    let tags = own.function.as_ref().map(|function| &function.tags);
    let tags = tags.or_else(|| own.log_group.as_ref().map(|group| &group.tags));
    tags.is_some_and(|tags| owns(&stack.name, &stack.target.region, tags))
}

/// Divides what is wanted among the functions.
pub(crate) fn forwarders(stack: &Stack, observed: &Observed) -> Forwarders {
    let main = |config| Forwarder {
        stack: Stack {
            function: crate::resources::FunctionSpec { config, ..stack.function.clone() },
            ..stack.clone()
        },
        observed: observed.without_groups(),
        lets_go: false,
        before: None,
    };
    // Where the configuration is not wanted otherwise and cannot be read, nothing can be divided.
    let Some(config) = &stack.function.config else {
        return Forwarders { wanted: vec![main(None)], ..Forwarders::default() };
    };
    let ours = observed.isolated.iter().filter(|(_, own)| is_ours(stack, own)).map(|(name, _)| name);
    let in_force = observed.in_force();
    let named: BTreeSet<&String> = stack.isolation.destinations.iter().chain(ours).collect();
    let (mut all, mut moving, mut schedules) = (Forwarders::default(), Vec::new(), BTreeMap::new());
    let mut own_schedules: BTreeMap<&String, Schedule> = BTreeMap::new();
    for name in named {
        if !config.destinations.contains_key(name) {
            all.notes.push(format!(
                "`{name}` is removed now: what it has not received yet is never delivered to it; to deliver it first, keep it \
                 with isolated = false until its function is removed"
            ));
            all.retired.push(of_destination(stack, observed, name));
            continue;
        }
        let isolated = stack.isolation.destinations.contains(name);
        let shares = share(isolated, &now(&in_force, name, isolated), times(stack, observed));
        all.remark(stack, observed, name, isolated, &shares);
        schedules.insert(name.clone(), shares.main);
        match shares.own {
            None => all.retired.push(of_destination(stack, observed, name)),
            Some(schedule) => {
                own_schedules.insert(name, schedule);
                let mut own = of_destination(stack, observed, name);
                own.lets_go(shares.letting_go.filter(|letting_go| !letting_go.is_main));
                all.wanted.push(own);
            }
        }
        moving.push(shares.letting_go.filter(|letting_go| letting_go.is_main));
        if shares.letting_go.is_some_and(|letting_go| letting_go.is_new) {
            all.planned_at = observed.time;
        }
    }
    for (forwarder, (name, schedule)) in all.wanted.iter_mut().zip(own_schedules) {
        forwarder.stack.trigger.start = start(&schedule, observed.time);
        forwarder.stack.function.config = Some(part_of_own(config, name, schedule));
    }
    let mut first = main(Some(part_of_main(config, schedules)));
    moving.into_iter().for_each(|letting_go| first.lets_go(letting_go));
    all.wanted.insert(0, first);
    all.count_readers(stack, observed);
    all
}

impl Forwarders {
    /// The execution role, which all functions share: it lets each write to its own log group.
    pub(crate) fn role(&self, stack: &Stack) -> RoleSpec {
        let mut role = stack.function_role.clone();
        for forwarder in self.wanted.iter().skip(1) {
            also_log_to(&mut role.policy, &stack.target, &forwarder.stack.names.function_log_group);
        }
        role
    }

    fn remark(&mut self, stack: &Stack, observed: &Observed, name: &str, isolated: bool, shares: &Shares) {
        let function = stack.names.isolated(name).function;
        if let Some(LettingGo { at, is_main, .. }) = shares.letting_go {
            let to = if is_main { &function } else { &stack.names.function };
            self.notes.push(format!(
                "destination `{name}` moves to {to} for records that arrive at or after {}",
                time(at)
            ));
        }
        let is_there = observed.isolated.get(name).is_some_and(|own| own.function.is_some());
        if isolated && !is_there {
            self.notes.push(format!(
                "{function} is an additional function that reads the whole stream: every record is read, billed and \
                 decompressed once more, and it has a log group and metrics of its own; all functions together get 5 \
                 reads a second and 2 MB a second from each shard"
            ));
        }
        if let (false, Some(own)) = (isolated, &shares.own) {
            let last = own.changes.last().copied().unwrap_or_default();
            let gone = last + u64::from(hours(stack, observed)) * 3600 + 3600;
            self.notes.push(format!(
                "{function} stays until it has delivered what arrived before {}; `cwl2le setup` removes it after {}",
                time(last),
                time(gone)
            ));
        }
    }

    /// Warns where more functions read the stream than Kinesis has reads for.
    fn count_readers(&mut self, stack: &Stack, observed: &Observed) {
        let is_new = |forwarder: &&Forwarder| {
            forwarder.observed.function.is_none() && forwarder.stack.names.function != stack.names.function
        };
        if !self.wanted.iter().any(|forwarder| is_new(&forwarder)) {
            return;
        }
        let ours = self.wanted.iter().map(|forwarder| &forwarder.stack.names.function);
        let retired: BTreeSet<_> = self.retired.iter().map(|f| &f.stack.names.function).collect();
        let readers: BTreeSet<_> = ours.chain(&observed.readers).filter(|f| !retired.contains(f)).collect();
        if readers.len() > MOST_READERS {
            self.notes.push(format!(
                "warning: {} functions would read the stream, and Kinesis answers 5 reads a second for each shard: they would \
                 slow each other down; isolate fewer destinations, or spread them over stacks with --stack NAME",
                readers.len()
            ));
        }
    }
}

/// Maximum number of functions that read a stream without waiting for each other: Lambda reads each shard once a
/// second.
const MOST_READERS: usize = 5;

/// What the functions that get the records have of a destination.
fn now(observed: &Observed, name: &str, isolated: bool) -> Now {
    let own = observed.isolated.get(name).and_then(|own| own.function.as_ref());
    let main = observed.function.as_ref().map(|function| match read_config(function) {
        // What it has never heard of it sends elsewhere, and has to go on until the other function is there.
        Ok(Some(config)) => schedule_of(&config, name).unwrap_or_else(|| constant(isolated)),
        // It delivers nothing, and so has passed nothing over.
        Ok(None) => constant(false),
        // It may deliver, by a version that can read it: whatever no function of its own serves.
        Err(_) => constant(isolated && own.is_none()),
    });
    let own = own.map(|function| {
        let config = current_config(function);
        config.and_then(|config| schedule_of(&config, name)).unwrap_or_else(|| constant(true))
    });
    Now { main, own }
}

fn times(stack: &Stack, observed: &Observed) -> Times {
    Times {
        now: observed.time,
        lead: u64::from(stack.isolation.handover_seconds),
        retention: u64::from(hours(stack, observed)) * 3600,
    }
}

/// A configuration without the changes from before the oldest record of the stream, as a setup would write it now.
pub(crate) fn without_what_is_over(stack: &Stack, observed: &Observed, config: &Config) -> Config {
    let times = times(stack, observed);
    let recent = |(name, schedule): (&String, &Schedule)| (name.clone(), times.recent(schedule));
    let schedules = config.schedules.iter().map(recent).collect();
    part_of_main(&Config { schedules: BTreeMap::new(), ..config.clone() }, schedules)
}

/// The hours that the stream keeps records, now or after this plan.
fn hours(stack: &Stack, observed: &Observed) -> u32 {
    let now = observed.stream.as_ref().map_or(0, |stream| stream.retention_hours);
    now.max(stack.stream.retention_hours.value)
}

/// Where the trigger of a new function begins to read: before anything that it serves.
fn start(schedule: &Schedule, now: Option<u64>) -> Start {
    match schedule.changes.first() {
        Some(first) if !schedule.first => {
            Start::At(now.unwrap_or(*first).min(*first).saturating_sub(EARLIER))
        }
        _ => Start::TrimHorizon,
    }
}

fn part_of_main(config: &Config, schedules: BTreeMap<String, Schedule>) -> Config {
    let mut part = config.clone();
    for (name, schedule) in schedules {
        if schedule == constant(false) {
            part.destinations.remove(&name);
            part.lines.remove(&name);
            part.elsewhere.insert(name);
        } else if !schedule.changes.is_empty() {
            part.schedules.insert(name, schedule);
        }
    }
    part
}

fn part_of_own(config: &Config, name: &str, schedule: Schedule) -> Config {
    let only = |lines: &BTreeMap<String, Lines>| {
        lines.iter().filter(|(of, _)| *of == name).map(|(of, lines)| (of.clone(), lines.clone())).collect()
    };
    let settings = config.destinations.get(name).cloned();
    Config {
        destinations: settings.map(|settings| (name.to_owned(), settings)).into_iter().collect(),
        lines: only(&config.lines),
        elsewhere: config.destinations.keys().filter(|other| *other != name).cloned().collect(),
        schedules: Some((name.to_owned(), schedule))
            .filter(|(_, schedule)| !schedule.changes.is_empty())
            .into_iter()
            .collect(),
        // The same record may be refused here and set aside there: each under a name of its own.
        quarantine: config.quarantine.as_ref().map(|place| place.below(name)),
        isolated: true,
        ..config.clone()
    }
}

/// A time as people read it.
pub(crate) fn time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

/// What a function of an isolated destination has left to do, in words; none where it has its destination for good.
pub fn remaining(function: &ObservedFunction, destination: &str) -> Option<String> {
    let config = current_config(function)?;
    let schedule = config.schedules.get(destination)?;
    let last = *schedule.changes.last()?;
    Some(match schedule.last() {
        true => format!("serves `{destination}` for records from {} on", time(last)),
        false => format!("delivers the rest of `{destination}`, from before {}", time(last)),
    })
}
