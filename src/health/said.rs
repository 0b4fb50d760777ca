//! What the newest lines of one forwarder's own log say: which destination works, which does not and why.

use std::collections::{BTreeMap, BTreeSet};

use super::signals::Line;
use crate::journal::{Counts, Entry, Invocation, Level, Note};
use crate::output::visible;

/// Maximum age of a failure, in milliseconds, if the log shows no successes: where the forwarder writes no line for an
/// invocation. Lambda retries more often than every ten minutes.
const RECENT: i64 = 10 * 60 * 1000;
/// Maximum time between the forwarder's own reason and Lambda's report of the same failure, in milliseconds.
const SAME_TIME: i64 = 60 * 1000;
/// Maximum number of characters that are shown of a reason.
const SHOWN: usize = 400;

/// What a log says. Times are in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The destinations that any line names.
    pub destinations: BTreeMap<String, DestinationSaid>,
    /// Why starts or invocations fail as a whole; none if one has ended since.
    pub broken: Option<Trouble>,
    /// The newest version, and why it fails, where an older one gets the records: it was tried and is not used.
    pub newer: Option<(u64, Trouble)>,
    /// Why the quarantine does not keep records; none if it has since.
    pub quarantine: Option<Trouble>,
    /// When an invocation with events has ended in which nothing failed.
    pub last_whole: Option<i64>,
    /// The newest invocation that had records: when it ended, and milliseconds from the arrival of the newest of them.
    pub lag: Option<(i64, f64)>,
    /// The largest such lag.
    pub most_lag: Option<f64>,
    /// When an invocation ended last.
    pub last_invocation: Option<i64>,
    /// The version of the forwarder, by its newest line.
    pub version: Option<String>,
    /// When records were last not kept that the quarantine should have kept, and how many in all lines.
    pub not_kept: Option<(i64, u64)>,
    /// When records last could not be delivered whatever is retried, and how many in all lines. Without a quarantine
    /// nothing keeps them.
    pub set_aside: Option<(i64, u64)>,
    /// The invocations since the window began.
    pub counted: Counted,
}

/// What a log says of a destination.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct DestinationSaid {
    /// When it accepted events last.
    pub last_delivered: Option<i64>,
    /// Why it does not accept events; none if it has since.
    pub failing: Option<Trouble>,
    /// Events that it accepted since the window began.
    pub delivered: u64,
    /// Milliseconds until its newest receipt.
    pub receipt_ms: Option<f64>,
}

/// Something that fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// A word such as `connect` or `unauthorized`; none of a function that fails as a whole.
    pub kind: Option<String>,
    /// The reason in the words of the forwarder, of AWS or of Lambda, on one line.
    pub why: String,
    /// When it failed for the first time since it worked, as far as lines were read.
    pub since: i64,
    /// When it failed last.
    pub last: i64,
}

/// What invocations did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Counted {
    /// How many lines of invocations there are.
    pub invocations: u64,
    /// Records that failed and are retried.
    pub records_failed: u64,
    /// Events by what became of them; those that came again count again, except for those delivered.
    pub delivered: u64,
    /// Events that a rule of a route dropped.
    pub filtered: u64,
    /// Events of records that were set aside.
    pub quarantined: u64,
}

/// The destinations whose newest outcome lines tell.
pub(crate) fn decided(lines: &[Line]) -> BTreeSet<String> {
    let said = Said::read(lines, i64::MAX, None);
    let known = said
        .destinations
        .into_iter()
        .filter(|(_, said)| said.last_delivered.is_some() || said.failing.is_some());
    known.map(|(name, _)| name).collect()
}

impl Said {
    /// Reads the lines of a function, of which version `live` gets the records. A newer one that fails delays none.
    pub(crate) fn of_live(
        lines: &[Line],
        window_from: i64,
        modified: Option<i64>,
        live: Option<u64>,
    ) -> Self {
        let newer = |(_, entry): &&Line| {
            let number = entry.function_version()?.parse().ok();
            number.filter(|number: &u64| live.is_some_and(|live| *number > live))
        };
        let newest = lines.iter().filter_map(|line| newer(&line)).max();
        let failing = newest.and_then(|newest| {
            let its = lines.iter().filter(|line| newer(line) == Some(newest));
            Some((newest, Self::read(its, i64::MAX, None).broken?))
        });
        // What it delivered while it was live is delivered.
        let served =
            lines.iter().filter(|line| newer(line).is_none() || matches!(line.1, Entry::Invocation(_)));
        Self { newer: failing, ..Self::read(served, window_from, modified) }
    }

    /// Reads lines in the order of their times. A failure of a destination counts until that destination accepts
    /// something, and one of the function until an invocation ends. When code or configuration were modified, what
    /// failed before may be fixed: then nothing is known until the next line.
    pub(crate) fn read<'a>(
        lines: impl IntoIterator<Item = &'a Line>,
        window_from: i64,
        mut modified: Option<i64>,
    ) -> Self {
        let mut said = Self::default();
        for (at, entry) in lines {
            if modified.take_if(|modified| *at >= *modified).is_some() {
                said.forget_failures();
            }
            match entry {
                Entry::Invocation(invocation) => said.invocation(*at, invocation, *at >= window_from),
                Entry::Started(started) => said.version = started.version.clone().or(said.version.take()),
                Entry::Note(note) => said.note(*at, note),
                Entry::Platform(platform) => {
                    let Some(failure) = &platform.failure else { continue };
                    // Lambda's report follows the forwarder's own and says less.
                    let known = said.broken.as_ref().filter(|known| *at <= known.last + SAME_TIME);
                    let why = known.map_or_else(|| format!("Lambda: {failure}"), |known| known.why.clone());
                    fail(&mut said.broken, *at, None, &why);
                }
                Entry::Canary(_) | Entry::Other(_) => {}
            }
        }
        if modified.is_some() {
            said.forget_failures();
        }
        said
    }

    fn forget_failures(&mut self) {
        let failing = self.destinations.values_mut().filter_map(|said| said.failing.take()).count();
        if failing > 0 || self.broken.take().is_some() || self.quarantine.take().is_some() {
            // What was delivered before the failure says nothing of now.
            (self.last_whole, self.broken, self.quarantine) = (None, None, None);
        }
    }

    /// The same without failures that are too old to tell anything, where the log shows no successes.
    #[must_use]
    pub(crate) fn by(mut self, now: i64) -> Self {
        if self.last_invocation.is_some() {
            return self;
        }
        let is_old = |trouble: &mut Trouble| trouble.last < now - RECENT;
        for said in self.destinations.values_mut() {
            said.failing.take_if(is_old);
        }
        self.quarantine.take_if(is_old);
        self
    }

    fn invocation(&mut self, at: i64, line: &Invocation, counts: bool) {
        self.broken = None;
        self.last_invocation = Some(at);
        if let Some(version) = &line.version {
            self.version = Some(version.clone());
        }
        // The test messages of CloudWatch Logs are skipped events: there is nothing in them to deliver.
        let skipped = line.events.skipped.unwrap_or_default();
        let has_events = line.events.received.is_none_or(|received| received > skipped);
        if has_events && line.is_whole() {
            self.last_whole = Some(at);
        }
        if let Some(lag) = line.lag_ms {
            self.lag = Some((at, lag));
            self.most_lag = Some(self.most_lag.map_or(lag, |most| most.max(lag)));
        }
        for (name, delivery) in &line.destinations {
            let said = self.destinations.entry(name.clone()).or_default();
            // The time ran out while the destination accepted events: it is slow and refuses nothing.
            let is_slow = delivery.failure.as_deref() == Some("deadline") && delivery.has_delivered();
            match delivery.failure.as_deref().filter(|_| !is_slow) {
                Some(kind) => {
                    let detail = delivery.detail.as_deref().unwrap_or_default();
                    fail(&mut said.failing, at, Some(kind), detail);
                }
                None if delivery.has_delivered() => said.failing = None,
                None => {}
            }
            if delivery.has_delivered() {
                said.last_delivered = Some(at);
                said.receipt_ms = delivery.receipt_ms.or(said.receipt_ms);
            }
            if counts {
                said.delivered += delivery.events_delivered.unwrap_or_default();
            }
        }
        if let Some(quarantine) = &line.quarantine {
            match &quarantine.failure {
                Some(failure) => fail(&mut self.quarantine, at, None, failure),
                None if quarantine.kept.is_some_and(|kept| kept > 0) => self.quarantine = None,
                None => {}
            }
        }
        for (sum, count) in
            [(&mut self.not_kept, line.records_not_kept), (&mut self.set_aside, line.records.quarantined)]
        {
            if let Some(count) = count.filter(|count| *count > 0) {
                *sum = Some((at, sum.map_or(0, |(_, before)| before).saturating_add(count)));
            }
        }
        if counts {
            self.counted.add(line);
        }
    }

    fn note(&mut self, at: i64, note: &Note) {
        let detail = note.detail().unwrap_or_default();
        if let (Some(name), Some(kind)) = (note.destination(), note.failure()) {
            let accepted = note.fields.get("events_delivered").and_then(serde_json::Value::as_u64);
            if kind == "deadline" && accepted.is_some_and(|events| events > 0) {
                return;
            }
            let said = self.destinations.entry(name.to_owned()).or_default();
            fail(&mut said.failing, at, Some(kind), detail);
        } else if note.text("quarantine").is_some() {
            let why = if detail.is_empty() { &note.message } else { detail };
            fail(&mut self.quarantine, at, None, why);
        } else if note.level == Level::Error && note.destination().is_none() {
            let because = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            fail(&mut self.broken, at, None, &format!("{}{because}", note.message));
        }
    }
}

impl Counted {
    fn add(&mut self, line: &Invocation) {
        let Counts { filtered, quarantined, .. } = line.events;
        self.invocations += 1;
        self.records_failed += line.records.failed.unwrap_or_default();
        self.delivered += line.events_delivered.unwrap_or_default();
        self.filtered += filtered.unwrap_or_default();
        self.quarantined += quarantined.unwrap_or_default();
    }
}

/// Notes a failure. One of the same thing goes on from when it began.
fn fail(trouble: &mut Option<Trouble>, at: i64, kind: Option<&str>, why: &str) {
    let since = trouble.as_ref().map_or(at, |before| before.since);
    let why = short(why);
    *trouble = Some(Trouble { kind: kind.map(short), why, since, last: at });
}

/// The first characters of a text, without line ends and other control characters.
fn short(text: &str) -> String {
    let text = text.trim();
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    visible(shown)
}
