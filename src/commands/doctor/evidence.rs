//! What is read for all checks, once. Values only: the judgements are pure.

use super::around::Around;
use super::before::Before;
use super::finding::{Command, Finding};
use super::placed::Placed;
use crate::error::{Code, Error};
use crate::health::{Chain, ForwarderLog, Metric, Metrics, Point, Probe, Signals, Unknown};
use crate::journal::Entry;
use crate::output::quantity;
use crate::resources::{
    Accepted, Field, Kind, Observed, ObservedFunction, ObservedTrigger, Plan, Refusal, ResourceId, Stack,
    TriggerState, Unread, Verb, current_config,
};
use crate::stack::{Names, owns};

/// Everything that the checks judge by.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The time by AWS's clock, in milliseconds since 1970.
    pub(super) now: i64,
    /// The beginning of the time that numbers are about, in milliseconds since 1970.
    pub(super) since: i64,
    /// The region, or why there is none.
    pub(super) region: Result<String, Error>,
    /// Who is asking, or why AWS does not accept it.
    pub(super) caller: Result<Caller, Error>,
    /// What the running stack shows of itself.
    pub(super) signals: Probe<Signals>,
    /// What `setup` without any flag would change, and what it is for.
    pub(super) plan: Probe<Planned>,
    /// Which other accounts the configuration file says may send; none where it says nothing of them.
    pub(super) accepted: Option<Accepted>,
    /// The key that the stream is encrypted with; none where it is not, or by AWS's own key.
    pub(super) key: Option<Probe<Key>>,
    /// Who changed an event source mapping last, by its id; only of those that are disabled.
    pub(super) changes: Vec<Change>,
    /// What was tried; none without `--probe`.
    pub(super) tried: Option<Tried>,
    /// What lies around the chain.
    pub(super) around: Around,
    /// The private network of the functions; none outside of a VPC.
    pub(super) placed: Result<Option<Placed>, Finding>,
    /// What can be known before a stack is set up; none unless that was asked for.
    pub(super) before: Option<Before>,
}

/// Whether a function answered, or why not.
pub(super) type Answered = Probe<Result<(), String>>;

/// What came of trying.
#[derive(Debug)]
pub(super) struct Tried {
    /// Each function, by the isolated destination that it serves, and why it did not answer.
    pub(super) functions: Vec<(Option<String>, Answered)>,
    /// Each destination: whether it was tried, or why its log service cannot be reached.
    pub(super) services: Probe<Vec<(String, Result<bool, String>)>>,
    /// Each place in S3, and why it took no object.
    pub(super) buckets: Vec<(String, Probe<()>)>,
}

/// Who is asking, as AWS sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The account id.
    pub(super) account: String,
    /// The ARN.
    pub(super) identity: String,
    /// How many seconds AWS's clock is ahead of that of this machine.
    pub(super) clock_ahead: i64,
}

/// A plan, and what it is for.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) stack: Stack,
    pub(super) plan: Plan,
}

/// A customer-managed KMS key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Its id or ARN, as the stream names it.
    pub(super) id: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and so on.
    pub(super) state: String,
}

/// A change of an event source mapping, as CloudTrail tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The mapping.
    pub(super) uuid: String,
    /// Who: the last part of the ARN of the caller.
    pub(super) who: String,
    /// When, in seconds since 1970.
    pub(super) at: u64,
    /// The call.
    pub(super) call: String,
}

/// A function of the stack with what belongs to it: the main one, or that of an isolated destination.
#[derive(Debug, Clone)]
pub(super) struct Forwarder<'a> {
    /// The isolated destination that it serves; none of the main function.
    pub(super) subject: Option<&'a str>,
    pub(super) names: Names,
    pub(super) function: Option<&'a ObservedFunction>,
    pub(super) triggers: &'a [ObservedTrigger],
    pub(super) log: Option<&'a ForwarderLog>,
}

impl Default for Evidence {
    /// Nothing could be read.
    fn default() -> Self {
        let unread = || Error::new(Code::Unreachable, "nothing was read");
        let unknown = || Unknown::because("nothing was read");
        Self {
            now: 0,
            since: 0,
            region: Err(unread()),
            caller: Err(unread()),
            signals: Err(unknown()),
            plan: Err(unknown()),
            accepted: None,
            key: None,
            changes: Vec::new(),
            tried: None,
            around: Around::default(),
            placed: Ok(None),
            before: None,
        }
    }
}

impl Evidence {
    pub(super) fn signals(&self) -> Result<&Signals, Finding> {
        self.signals.as_ref().map_err(Finding::from)
    }

    pub(super) fn chain(&self) -> Result<&Chain, Finding> {
        self.signals().map(|signals| &signals.chain)
    }

    /// What a read of the stack found.
    pub(super) fn read<'a, T>(
        &'a self,
        what: Unread,
        of: impl FnOnce(&'a Observed) -> T,
    ) -> Result<T, Finding> {
        self.chain()?.read(what, of).map_err(|unknown| Finding::from(&unknown))
    }

    pub(super) fn metrics(&self) -> Result<&Metrics, Finding> {
        self.signals()?.metrics.as_ref().map_err(Finding::from)
    }

    /// How long the time is that numbers are about, in words.
    pub(super) fn window(&self) -> String {
        span(self.now - self.since)
    }

    /// What `setup` would change about a resource, or cannot. Unknown where what it is planned from could not be read.
    pub(super) fn differences(&self, resource: &ResourceId) -> Result<Vec<&Field>, Finding> {
        let needed: &[Unread] = match resource.kind {
            Kind::ROLE => &[Unread::Roles, Unread::Function, Unread::Stream],
            Kind::TRIGGER => &[Unread::Triggers, Unread::Stream],
            _ => &[Unread::Function],
        };
        for needed in needed {
            self.read(*needed, |_| ())?;
        }
        let plan = &self.plan.as_ref().map_err(Finding::from)?.plan;
        let steps = plan.steps.iter().filter(|step| step.resource == *resource && step.verb != Verb::Create);
        Ok(steps.flat_map(|step| &step.fields).collect())
    }

    /// Adds that `setup` fixes it; where `setup` would refuse to do anything, what keeps it from that.
    pub(super) fn by_setup(&self, finding: Finding) -> Finding {
        let has_function = self.chain().is_ok_and(|chain| chain.observed.function.is_some());
        let refused = self.plan.as_ref().ok().into_iter().flat_map(|planned| &planned.plan.refused);
        // The destinations of a function that is gone are not known here; `setup` may find them in the file.
        let mut refused = refused.filter(|refusal| has_function || refusal.resource.kind != Kind::FUNCTION);
        let finding = match refused.next() {
            Some(Refusal { resource, reason, hint, .. }) => {
                return finding.advise(format!("`cwl2le setup` cannot fix it: {resource}: {reason}; {hint}"));
            }
            None => finding.fix(Command::setup()),
        };
        if has_function {
            return finding;
        }
        finding.advise("without the function, setup needs the destinations again: from cwl2le.toml, or --token-file and so on")
    }

    /// The functions of the stack: the main one first, then those of isolated destinations.
    pub(super) fn forwarders(&self) -> Result<Vec<Forwarder<'_>>, Finding> {
        let signals = self.signals()?;
        let (chain, observed) = (&signals.chain, &signals.chain.observed);
        let log = |subject: Option<&str>| signals.logs.iter().find(|log| log.isolated.as_deref() == subject);
        let main = Forwarder {
            subject: None,
            names: chain.names.clone(),
            function: observed.function.as_ref(),
            triggers: &observed.triggers,
            log: log(None),
        };
        let running = observed.in_force().function;
        let elsewhere = running.as_ref().and_then(current_config).map(|config| config.elsewhere);
        let elsewhere = elsewhere.unwrap_or_default();
        let isolated = observed.isolated.iter().filter(|(destination, own)| {
            let function = own.function.as_ref();
            elsewhere.contains(*destination)
                || function.is_some_and(|f| owns(&chain.stack, &chain.target.region, &f.tags))
        });
        let isolated = isolated.map(|(destination, own)| Forwarder {
            subject: Some(destination),
            names: chain.names.isolated(destination),
            function: own.function.as_ref(),
            triggers: &own.triggers,
            log: log(Some(destination)),
        });
        Ok(std::iter::once(main).chain(isolated).collect())
    }

    /// Makes one finding for each function of the stack.
    pub(super) fn each_forwarder(
        &self,
        judge: impl Fn(&Forwarder<'_>) -> Result<Finding, Finding>,
    ) -> Judged {
        let forwarders = self.forwarders()?;
        let findings = forwarders
            .iter()
            .map(|forwarder| judge(forwarder).unwrap_or_else(|unknown| unknown).about(forwarder.subject));
        Ok(findings.collect())
    }
}

/// What a check comes to: its findings, or the one that stands for all of them because nothing could be read.
pub(super) type Judged = Result<Vec<Finding>, Finding>;

impl<'a> Forwarder<'a> {
    pub(super) fn resource(&self, kind: Kind) -> ResourceId {
        match kind {
            Kind::TRIGGER => ResourceId::trigger(&self.names),
            Kind::ALIAS => ResourceId::alias(&self.names),
            _ => ResourceId::new(kind, &self.names.function),
        }
    }

    /// The event source mappings of the stream that are there to stay.
    pub(super) fn living(&self) -> impl Iterator<Item = &'a ObservedTrigger> {
        self.triggers.iter().filter(|trigger| trigger.state != TriggerState::Deleting)
    }

    /// The lines of its log of the time that numbers are about, each with when it was written.
    pub(super) fn entries(&self, since: i64) -> Result<Vec<(i64, &'a Entry)>, Finding> {
        let Some(log) = self.log else { return Err(Finding::unknown("its log was not read")) };
        let lines = log.lines.as_ref().map_err(Finding::from)?;
        let lines = lines.lines.iter().filter(|(at, _)| *at >= since);
        Ok(lines.map(|(at, entry)| (*at, entry)).collect())
    }
}

/// The points of a metric about one thing since then.
pub(super) fn points<'a>(
    metrics: &'a Metrics,
    metric: Metric,
    subject: &str,
    since: i64,
) -> impl Iterator<Item = Point> + 'a {
    let series = metrics.series.get(&metric).and_then(|series| series.get(subject));
    series.into_iter().flatten().copied().filter(move |(at, _)| *at >= since)
}

/// A count, with thin spaces between thousands as the other verbs show it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and fit")]
pub(super) fn count(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

/// A time span in milliseconds, in words, to its two largest units.
pub(super) fn span(milliseconds: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "whole seconds of our time are exact")]
    let seconds = (milliseconds.max(0) / 1000) as f64;
    quantity::span(seconds)
}

/// Milliseconds since 1970 as seconds.
pub(super) fn seconds(milliseconds: i64) -> Option<u64> {
    u64::try_from(milliseconds / 1000).ok()
}
