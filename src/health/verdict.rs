//! The verdict on a running stack: whether logs flow, and if not, why. It never says `flowing` without a sign of
//! delivery, and what could not be read is named.

use super::flow::Flow;
use super::lag::Lag;
use super::loss::{Loss, losses};
use super::metric::{Metric, Metrics};
use super::probe::Unknown;
use super::ruling::{Ruling, Verdict, ago};
use super::said::Said;
use super::signals::{KeptWhy, Signals};
use super::trouble::{broken, missing, stopped, unwritable};
use crate::output::quantity::span;
use crate::output::visible;
use crate::resources::{Unread, whole_config};

const MINUTE: i64 = 60 * 1000;
/// How long ago a loss may be that still makes the verdict, in milliseconds: metrics are minutes late.
const LOST_LATELY: i64 = 15 * MINUTE;
/// How long records may wait before nothing has been invoked for them, in milliseconds. Lines are seconds late.
const GRACE: i64 = 3 * MINUTE;
/// The same where only metrics tell, which are late themselves.
const GRACE_BY_METRICS: i64 = 6 * MINUTE;
/// How long ago a delivery may be that shows alone that logs flow, in milliseconds: where nothing else can be read.
const ALONE: i64 = MINUTE;
/// Since when something set aside wants to be looked at, in milliseconds before now.
const LATELY: i64 = 60 * MINUTE;

/// What is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The window of the rates, in seconds.
    pub window: u64,
    /// The most that a chain may be behind, in seconds.
    pub max_lag: u64,
}

/// A verdict, and what it rests on. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, without a full stop.
    pub why: String,
    /// Since when, as far as that is known.
    pub since: Option<i64>,
    /// What passes each hop.
    pub flow: Flow,
    /// How far behind it is.
    pub lag: Lag,
    /// What was lost within an hour.
    pub losses: Vec<Loss>,
    /// What each log says, in the order of [`Signals::logs`].
    pub said: Vec<Said>,
    /// When records were last set aside within an hour, and why.
    pub set_aside: Option<(KeptWhy, i64)>,
    /// What could not be read, and why.
    pub gaps: Vec<(String, Unknown)>,
    /// Whether one of the gaps could hide trouble.
    pub is_partial: bool,
}

/// Judges by everything that was read.
pub(crate) fn judge(signals: &Signals, limits: Limits) -> Judgement {
    let now = signals.now;
    let window = i64::try_from(limits.window).unwrap_or(i64::MAX / 1000) * 1000;
    let metrics = signals.metrics.as_ref().ok();
    let lines = |log: &super::ForwarderLog| match &log.lines {
        Ok(lines) => {
            let live = signals.chain.live(log.isolated.as_deref());
            Said::of_live(&lines.lines, now - window, log.modified, live).by(now)
        }
        Err(_) => Said::default(),
    };
    let said: Vec<Said> = signals.logs.iter().map(lines).collect();
    let has_lines = signals.logs.iter().all(|log| log.lines.is_ok());
    let late = if has_lines { GRACE } else { GRACE_BY_METRICS };
    let grace = late + signals.chain.batching();
    let lag = Lag::of(&signals.chain, metrics, &said, now, grace);
    let flow = Flow::of(signals, &said, limits.window);
    // What cannot be read may have one.
    let config = whole_config(&signals.chain.observed.in_force()).ok().flatten();
    let has_quarantine = config.is_none_or(|whole| whole.config.quarantine.is_some());
    let losses = losses(metrics, &said, now - LATELY, has_quarantine);
    let judge = Judge { signals, limits, flow: &flow, lag: &lag, losses: &losses, said: &said, has_lines };
    let (verdict, why, since) = judge.verdict();
    let (gaps, is_partial) = gaps(signals);
    let set_aside = set_aside(signals, metrics);
    Judgement { verdict, why, since, flow, lag, losses, said, set_aside, gaps, is_partial }
}

struct Judge<'a> {
    signals: &'a Signals,
    limits: Limits,
    flow: &'a Flow,
    lag: &'a Lag,
    losses: &'a [Loss],
    said: &'a [Said],
    has_lines: bool,
}

impl Judge<'_> {
    /// The first that applies.
    fn verdict(&self) -> Ruling {
        let chain = &self.signals.chain;
        missing(chain)
            .or_else(|| self.losing())
            .or_else(|| unwritable(chain))
            .or_else(|| stopped(chain, self.lag, self.signals.now))
            .or_else(|| broken(self.signals, self.said, self.has_lines))
            .or_else(|| self.behind())
            .or_else(|| self.flowing())
            .or_else(|| self.quiet())
            .unwrap_or_else(|| (Verdict::Unknown, self.why_unknown(), None))
    }

    fn losing(&self) -> Option<Ruling> {
        let now = self.signals.now;
        if self.lag.loses() {
            let kept = self.lag.kept.unwrap_or_default();
            let why = format!("records expire before they are delivered: they are kept for {}", hours(kept));
            return Some((Verdict::Losing, why, None));
        }
        let lately = self.losses.iter().filter(|loss| loss.last >= now - LOST_LATELY);
        let newest = lately.max_by_key(|loss| loss.last)?;
        let count = crate::output::quantity::count(newest.count);
        Some((Verdict::Losing, format!("{count} {}", newest.what), Some(newest.last)))
    }

    fn behind(&self) -> Option<Ruling> {
        let (lag, _) = self.lag.now?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of a year are exact")]
        let limit = self.limits.max_lag as f64;
        let why = || format!("{} behind; more than {} is too late", span(lag), span(limit));
        (lag > limit).then(|| (Verdict::Behind, why(), None))
    }

    /// Needs a sign of delivery: an invocation with records that ended with nothing failed, or metrics that say so.
    fn flowing(&self) -> Option<Ruling> {
        let (now, window) = (self.signals.now, self.limits.window);
        let window_from = now - i64::try_from(window).unwrap_or(i64::MAX / 1000) * 1000;
        let last_whole = self.said.iter().filter_map(|said| said.last_whole).max();
        let by_metrics = || self.signals.metrics.as_ref().is_ok_and(|metrics| self.says_delivered(metrics));
        let arrives = self.flow.records.is_some_and(|records| records > 0.0);
        // Records that came in seconds ago are on their way, and what came before them has arrived.
        // Without metrics, nobody knows whether anything was lost since.
        let from = match self.signals.metrics {
            Ok(_) => window_from,
            Err(_) => window_from.max(now - ALONE - self.signals.chain.batching()),
        };
        let is = last_whole.is_some_and(|at| at >= from || arrives) || by_metrics();
        if !is {
            return None;
        }
        let why = match (self.lag.now, last_whole) {
            (Some((lag, _)), _) => format!("{} behind", span(lag)),
            (None, Some(at)) => format!("last delivery {} ago", ago(now - at)),
            (None, None) => "records are delivered".to_owned(),
        };
        Some((Verdict::Flowing, why, None))
    }

    /// Whether metrics alone show that records are delivered. A batch that fails is retried and gets older, so young
    /// records show it where the forwarder counts nothing; with lines that show a failure this is not asked.
    fn says_delivered(&self, metrics: &Metrics) -> bool {
        let counted = self.flow.delivered.is_some_and(|events| events > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "minutes are exact")]
        let young = (self.signals.chain.batching() + MINUTE) as f64;
        let since = self.signals.now - 5 * MINUTE;
        let is_young = metrics.most(Metric::IteratorAge, since).is_some_and(|age| age < young);
        let is_clean = self.flow.errors == Some(0.0) && self.flow.throttles == Some(0.0);
        // Lines that count say so themselves.
        counted
            || !self.flow.has_lines
                && is_young
                && is_clean
                && self.flow.invocations.is_some_and(|invocations| invocations > 0.0)
    }

    /// Needs to know that nothing came in.
    fn quiet(&self) -> Option<Ruling> {
        // The test messages with which CloudWatch Logs tries a new filter are records and no events.
        let only_tests =
            self.flow.forwarded == Some(0.0) && self.flow.is_whole && self.flow.records.is_some();
        let nothing_arrives = only_tests
            || self.flow.records == Some(0.0) && self.flow.forwarded.is_none_or(|events| events == 0.0);
        let nothing_runs = self.has_lines || self.flow.invocations == Some(0.0);
        if !nothing_arrives || !nothing_runs {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "seconds of a day are exact")]
        let window = span(self.limits.window as f64);
        Some((Verdict::Quiet, format!("nothing was logged in the last {window}, and nothing waits"), None))
    }

    fn why_unknown(&self) -> String {
        if self.signals.metrics.is_err() && !self.has_lines {
            return "neither the metrics nor the forwarder's log can be read".to_owned();
        }
        if self.signals.metrics.is_err() {
            return "the log shows no delivery of the last minute, and the metrics that tell whether anything came in cannot be read"
                .to_owned();
        }
        if !self.has_lines {
            return "records come in, and the log that tells whether they are delivered cannot be read"
                .to_owned();
        }
        "records came in lately, and nothing tells yet whether they were delivered".to_owned()
    }
}

/// Everything that could not be read, and whether any of it could hide trouble.
fn gaps(signals: &Signals) -> (Vec<(String, Unknown)>, bool) {
    let mut gaps: Vec<(String, Unknown)> = Vec::new();
    let mut add = |what: &str, unknown: &Unknown| gaps.push((what.to_owned(), unknown.clone()));
    let decides = |what: Unread| {
        !matches!(what, Unread::Alarms | Unread::Topic | Unread::Dashboard | Unread::Destination)
    };
    let unread = signals.chain.unread.iter().filter(|(what, _)| decides(**what));
    unread.for_each(|(what, unknown)| add(what.name(), unknown));
    if let Err(unknown) = &signals.metrics {
        add("the metrics", unknown);
    }
    if let Err(unknown) = &signals.log_groups {
        add("the log groups that are forwarded", unknown);
    }
    for log in &signals.logs {
        if let Err(unknown) = &log.lines {
            add(&format!("the log of {}", log.function), unknown);
        }
    }
    for place in &signals.kept {
        if let Err(unknown) = &place.objects {
            add(&format!("what is kept in {}", visible(&place.place)), unknown);
        }
    }
    let is_partial = !gaps.is_empty();
    // They decide nothing.
    let alarms = signals.alarms.as_ref().err();
    let alarms = alarms.or_else(|| signals.chain.unread.get(&Unread::Alarms));
    let topic = signals.chain.unread.get(&Unread::Topic);
    let dashboard = signals.chain.unread.get(&Unread::Dashboard);
    let destination = signals.chain.unread.get(&Unread::Destination);
    let undecided = [
        (Unread::Alarms, alarms),
        (Unread::Topic, topic),
        (Unread::Dashboard, dashboard),
        (Unread::Destination, destination),
    ]
    .into_iter();
    gaps.extend(undecided.filter_map(|(what, unknown)| Some((what.name().to_owned(), unknown?.clone()))));
    (gaps, is_partial)
}

/// When records were last set aside, within an hour.
fn set_aside(signals: &Signals, metrics: Option<&Metrics>) -> Option<(KeptWhy, i64)> {
    let since = signals.now - LATELY;
    let counted =
        [(Metric::RecordsQuarantined, KeptWhy::Quarantined), (Metric::OnFailureKept, KeptWhy::Expired)];
    let by_metrics = counted.into_iter().filter_map(|(metric, why)| {
        let (at, _) = metrics?.last_above_zero(metric, since)?;
        Some((why, at))
    });
    let objects = signals.kept.iter().filter_map(|place| {
        let newest = place.objects.as_ref().ok()?.newest.filter(|newest| *newest >= since)?;
        Some((place.why, newest))
    });
    by_metrics.chain(objects).max_by_key(|(_, at)| *at)
}

/// A time that records are kept, in hours as it is configured.
fn hours(seconds: u64) -> String {
    match seconds {
        3600.. if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ => format!("{seconds} s"),
    }
}
