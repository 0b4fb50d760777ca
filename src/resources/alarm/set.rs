//! Which alarms a stack has: one row for each check. Pure.

use cwl2le_forwarder::config::{Config, Metrics};

use super::observed::ObservedAlarm;
use super::rule::{Rule, Subject};
use crate::documentation::page;
use crate::resources::function::configuration::current_config;
use crate::resources::function::forwarders::Forwarder;
use crate::resources::kind::Setup;
use crate::resources::{ObservedTrigger, TriggerState, UNLIMITED, max_record_age};
use crate::stack::StackName;

/// The metrics that the forwarder writes.
pub(crate) const OWN: &str = "cwl2le";
/// The metrics of Lambda.
pub(crate) const LAMBDA: &str = "AWS/Lambda";
/// The metrics of Kinesis.
pub(crate) const KINESIS: &str = "AWS/Kinesis";

/// What an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The stream: there is one of it.
    Stream,
    /// Each function of the stack.
    Function,
    /// The event source mapping of each function.
    Trigger,
}

/// What an alarm needs to mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Metrics of the forwarder.
    Metrics,
    /// These, and a quarantine.
    Quarantine,
    /// The event counts of the event source mapping.
    EventCounts,
    /// These, and an on-failure destination.
    OnFailure,
}

/// Whether a person has to act at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// At any hour: lines are lost, or are about to be.
    Page,
    /// In working hours.
    Ticket,
}

impl Urgency {
    /// The word that begins the description.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// When an alarm goes off.
#[derive(Debug, Clone, Copy)]
enum Threshold {
    /// Above this.
    Above(u64),
    /// Above half of the time that records are kept, in milliseconds.
    AboveHalfOfKept,
    /// Above the minutes of the setting, in milliseconds.
    AboveBehind,
    /// Below this, where no data at all counts as below, too.
    BelowOrMissing(u64),
}

/// The time that one value of the metric is about.
#[derive(Debug, Clone, Copy)]
enum Period {
    /// So many seconds: of what happens by itself.
    Seconds(u32),
    /// Long enough that each has an invocation, also while each takes its whole timeout: of what an invocation emits.
    OfInvocations,
}

/// A kind of alarm.
#[derive(Debug)]
pub(crate) struct Check {
    /// Its part of the name: `cwl2le-STACK-CHECK`.
    pub(crate) name: &'static str,
    /// What is true while it is on.
    pub(crate) means: &'static str,
    /// Whether a person has to act at once.
    pub(crate) urgency: Urgency,
    about: About,
    needs: Needs,
    metric: (&'static str, &'static str),
    statistic: &'static str,
    period: Period,
    threshold: Threshold,
    /// Number of breaching periods, and of how many.
    of: (u32, u32),
}

/// Every kind of alarm, the most urgent first. Each looks at one metric.
pub(crate) const CHECKS: &[Check] = &[
    // The only sign before the stream drops records, which nothing counts. Half of the time leaves a night's sleep.
    Check {
        name: "expiring",
        means: "the oldest undelivered line is past half of the time that records are kept",
        urgency: Urgency::Page,
        about: About::Function,
        needs: Needs::Nothing,
        metric: (LAMBDA, "IteratorAge"),
        statistic: "Maximum",
        period: Period::OfInvocations,
        threshold: Threshold::AboveHalfOfKept,
        of: (2, 3),
    },
    // A mapping that does not poll emits nothing, not even an age: absence is the sign.
    Check {
        name: "not-read",
        means: "nothing has polled the stream",
        urgency: Urgency::Page,
        about: About::Trigger,
        needs: Needs::EventCounts,
        metric: (LAMBDA, "PolledEventCount"),
        statistic: "SampleCount",
        period: Period::OfInvocations,
        threshold: Threshold::BelowOrMissing(1),
        of: (3, 3),
    },
    Check {
        name: "not-kept",
        means: "the quarantine did not take records: they are in the stream only, until they expire",
        urgency: Urgency::Page,
        about: About::Function,
        needs: Needs::Quarantine,
        metric: (OWN, "RecordsNotKept"),
        statistic: "Sum",
        period: Period::Seconds(300),
        threshold: Threshold::Above(0),
        of: (1, 1),
    },
    // CloudWatch Logs tries again what the stream throttles, for 24 hours.
    Check {
        name: "refused-by-stream",
        means: "the stream has throttled records of CloudWatch Logs",
        urgency: Urgency::Page,
        about: About::Stream,
        needs: Needs::Nothing,
        metric: (KINESIS, "WriteProvisionedThroughputExceeded"),
        statistic: "Sum",
        period: Period::Seconds(60),
        threshold: Threshold::Above(0),
        of: (5, 5),
    },
    // One failed batch is normal and is retried.
    Check {
        name: "failing",
        means: "a destination has not taken every line",
        urgency: Urgency::Ticket,
        about: About::Function,
        needs: Needs::Metrics,
        metric: (OWN, "RecordsFailed"),
        statistic: "Sum",
        period: Period::OfInvocations,
        threshold: Threshold::Above(0),
        of: (3, 3),
    },
    Check {
        name: "behind",
        means: "lines are late",
        urgency: Urgency::Ticket,
        about: About::Function,
        needs: Needs::Nothing,
        metric: (LAMBDA, "IteratorAge"),
        statistic: "Maximum",
        period: Period::OfInvocations,
        threshold: Threshold::AboveBehind,
        of: (2, 2),
    },
    Check {
        name: "quarantined",
        means: "records were set aside that no retry can deliver",
        urgency: Urgency::Ticket,
        about: About::Function,
        needs: Needs::Metrics,
        metric: (OWN, "RecordsQuarantined"),
        statistic: "Sum",
        period: Period::Seconds(300),
        threshold: Threshold::Above(0),
        of: (1, 1),
    },
    Check {
        name: "crashing",
        means: "the forwarder ends with errors: it cannot start, runs out of memory or out of time",
        urgency: Urgency::Ticket,
        about: About::Function,
        needs: Needs::Nothing,
        metric: (LAMBDA, "Errors"),
        statistic: "Sum",
        period: Period::OfInvocations,
        threshold: Threshold::Above(0),
        of: (2, 3),
    },
    Check {
        name: "expired",
        means: "records were given up and handed to the on-failure destination",
        urgency: Urgency::Ticket,
        about: About::Trigger,
        needs: Needs::OnFailure,
        metric: (LAMBDA, "OnFailureDestinationDeliveredEventCount"),
        statistic: "Sum",
        period: Period::Seconds(300),
        threshold: Threshold::Above(0),
        of: (1, 1),
    },
    Check {
        name: "bug",
        means: "the counts of an invocation do not add up; please report it",
        urgency: Urgency::Ticket,
        about: About::Function,
        needs: Needs::Metrics,
        metric: (OWN, "Unbalanced"),
        statistic: "Sum",
        period: Period::Seconds(300),
        threshold: Threshold::Above(0),
        of: (1, 1),
    },
];

/// The name of the alarm on late lines of the main function.
pub(crate) fn behind(stack: &StackName) -> String {
    format!("{}behind", prefix(stack))
}

/// What the names of a stack's alarms begin with.
pub(crate) fn prefix(stack: &StackName) -> String {
    format!("cwl2le-{stack}-")
}

/// Whether an alarm of this stack could have the name. The prefix of a stack may begin that of another one.
pub(crate) fn is_name(stack: &StackName, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(&prefix(stack)) else { return false };
    let check = rest.split_once('@').map_or(rest, |(check, _)| check);
    CHECKS.iter().any(|known| known.name == check)
}

/// The alarms that go with a stack as `setup` leaves it, by name, without whom they notify.
pub(crate) fn wanted(setup: &Setup<'_>) -> Vec<(String, Rule)> {
    let mut all = Vec::new();
    for check in CHECKS {
        for (at, forwarder) in setup.forwarders.wanted.iter().enumerate() {
            let is_once = check.about == About::Stream;
            if (at == 0 || !is_once) && has(setup, forwarder, check.needs) {
                all.push((name(setup, forwarder, check), rule(setup, forwarder, check)));
            }
        }
    }
    all
}

fn name(setup: &Setup<'_>, forwarder: &Forwarder, check: &Check) -> String {
    let stack = setup.stack;
    let of = stack.names.isolated_destination(&forwarder.stack.names.function);
    let of = of.map(|destination| format!("@{destination}")).unwrap_or_default();
    format!("{}{}{of}", prefix(&stack.name), check.name)
}

/// The configuration of a function as `setup` leaves it, where it is known.
fn config(forwarder: &Forwarder) -> Option<Config> {
    let wanted = forwarder.stack.function.config.clone();
    wanted.or_else(|| forwarder.observed.function.as_ref().and_then(current_config))
}

/// Whether CloudWatch makes metrics of the log of a function.
pub(crate) fn has_metrics(forwarder: &Forwarder) -> bool {
    config(forwarder).is_none_or(|config| config.metrics == Metrics::Cloudwatch)
}

fn has(setup: &Setup<'_>, forwarder: &Forwarder, needs: Needs) -> bool {
    let counts = setup.stack.trigger.event_counts.value;
    match needs {
        Needs::Nothing => true,
        Needs::Metrics => has_metrics(forwarder),
        Needs::Quarantine => {
            has_metrics(forwarder) && config(forwarder).is_some_and(|config| config.quarantine.is_some())
        }
        Needs::EventCounts => counts,
        Needs::OnFailure => counts && keeps_expired(forwarder),
    }
}

fn keeps_expired(forwarder: &Forwarder) -> bool {
    forwarder.stack.trigger.keeps_expired(trigger(forwarder))
}

/// The event source mapping that `setup` keeps.
fn trigger(forwarder: &Forwarder) -> Option<&ObservedTrigger> {
    let stream_arn = forwarder.stack.names.stream_arn(&forwarder.stack.target);
    let ours = |trigger: &&ObservedTrigger| {
        trigger.source_arn == stream_arn && trigger.state != TriggerState::Deleting
    };
    forwarder.observed.triggers.iter().find(ours)
}

/// Seconds that records are there to be delivered: until the stream drops them, or the mapping gives them up.
fn kept_seconds(setup: &Setup<'_>, forwarder: &Forwarder) -> u64 {
    let want = &setup.stack.stream.retention_hours;
    let is = setup.observed.stream.as_ref().map(|stream| stream.retention_hours);
    let hours = is.filter(|_| !want.explicit).unwrap_or(want.value);
    match max_record_age(keeps_expired(forwarder), hours) {
        UNLIMITED => u64::from(hours) * 3600,
        age => u64::try_from(age).unwrap_or_default(),
    }
}

fn rule(setup: &Setup<'_>, forwarder: &Forwarder, check: &Check) -> Rule {
    let (stack, function) = (setup.stack, &forwarder.stack.names.function);
    let (datapoints, periods) = check.of;
    let period_seconds = match check.period {
        Period::Seconds(seconds) => seconds,
        Period::OfInvocations => invocation_seconds(forwarder),
    };
    let minutes = periods * period_seconds / 60;
    let lasts =
        if datapoints == periods && periods > 1 { format!(" for {minutes} minutes") } else { String::new() };
    let kept = kept_seconds(setup, forwarder);
    let behind = behind_minutes(setup, &name(setup, forwarder, check));
    let (threshold, below, more) = match check.threshold {
        Threshold::Above(value) => (value, false, lasts),
        Threshold::AboveHalfOfKept => (kept * 1000 / 2, false, format!(" ({} h)", kept / 3600)),
        Threshold::AboveBehind => {
            (u64::from(behind) * 60_000, false, format!(" by more than {behind} minutes"))
        }
        Threshold::BelowOrMissing(value) => (value, true, lasts),
    };
    let subject = match check.about {
        About::Stream => Subject::of("StreamName", &stack.names.stream),
        About::Function => Subject::of("FunctionName", function),
        About::Trigger => Subject::Trigger {
            stream_arn: stack.names.stream_arn(&stack.target),
            function: function.clone(),
            uuid: trigger(forwarder).map(|trigger| trigger.uuid.clone()),
        },
    };
    let fix = format!("cwl2le doctor --stack {} --region {}", stack.name, stack.target.region);
    let urgency = check.urgency.word();
    let mut means = check.means.to_owned();
    means[..1].make_ascii_uppercase();
    let page = page(&format!("alarms.md#{}", check.name));
    let (namespace, metric) = check.metric;
    Rule {
        description: format!("[{urgency}] {means}{more}. Find out why: `{fix}`. See {page}"),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        subject,
        statistic: check.statistic.to_owned(),
        period_seconds,
        comparison: if below { "LessThanThreshold" } else { "GreaterThanThreshold" }.to_owned(),
        threshold: threshold.into(),
        datapoints,
        periods,
        missing: if below { "breaching" } else { "notBreaching" }.to_owned(),
        notify: Vec::new(),
        notify_ok: Vec::new(),
        enabled: true,
    }
}

/// Seconds within which a forwarder that is invoked again and again ends at least one invocation, in whole minutes: its
/// timeout, a minute until Lambda tries again, and at least five minutes.
fn invocation_seconds(forwarder: &Forwarder) -> u32 {
    let want = &forwarder.stack.function.timeout_seconds;
    let is = forwarder.observed.function.as_ref().map(|function| function.timeout_seconds);
    let timeout = is.filter(|_| !want.explicit).unwrap_or(want.value);
    (timeout.div_ceil(60) * 60 + 60).max(300)
}

/// The minutes of the setting; else those of the alarm that is there.
fn behind_minutes(setup: &Setup<'_>, name: &str) -> u32 {
    let want = &setup.stack.alarms.behind_minutes;
    let is = || setup.observed.alarms.get(name).and_then(ObservedAlarm::minutes);
    if want.explicit { want.value } else { is().unwrap_or(want.value) }
}
