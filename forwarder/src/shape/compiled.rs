//! The rules of one route, compiled.
//!
//! A route without rules has no [`Shape`], and its messages stay the escaped text in the buffer. A [`Shape`] is
//! compiled once and looks at the text that a message means. What is dropped is decided when a payload is decoded,
//! for all its destinations; messages are cleaned a few at a time when they are framed, so that memory is bounded.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::expression::InvalidRule;
use super::fields::Labeler;
use super::redact::{Budget, Redactor};
use super::select::Condition;
use super::{config, sample};
use crate::record::json::text;
use crate::record::payload::{Labels, LogEvent, Payload};
use crate::secret::REDACTED;
use crate::style::Format;

/// Number of bytes of messages to clean at once.
const CHUNK: usize = 32 * 1024;

/// Maximum number of bytes that searches may read again within one chunk: a tenth of a second of a whole processor.
const CHUNK_OF_WORK: usize = 32 << 20;

/// Number of bytes of messages to select from between two looks at the clock.
const UNWATCHED: usize = 64 * 1024;

/// The rules of a route, compiled.
#[derive(Debug)]
pub struct Shape {
    include: Vec<Condition>,
    exclude: Vec<Condition>,
    sample: Option<config::Sample>,
    redactor: Option<Redactor>,
    labeler: Labeler,
    format: Option<Format>,
}

/// An event without what the rules take out of it, as JSON text like that of a [`LogEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clean<'e> {
    /// The message as a JSON string without its quotes.
    message: Cow<'e, str>,
    /// The object of extracted fields.
    extracted: Option<Cow<'e, str>>,
    /// Whether a part of it is taken out because looking at it would have taken too long.
    is_cut_short: bool,
}

impl Clean<'_> {
    /// The event, with the rest of the one that it was made of.
    pub fn event<'s>(&'s self, original: &LogEvent<'s>) -> LogEvent<'s> {
        LogEvent { message: &self.message, extracted: self.extracted.as_deref(), ..*original }
    }
}

/// The rule that dropped an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No condition of `include` holds.
    Include,
    /// This condition of `exclude` holds.
    Exclude(usize),
    /// It is not in the sample.
    Sample,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Include => f.write_str("include"),
            Self::Exclude(at) => write!(f, "exclude[{at}]"),
            Self::Sample => f.write_str("sample"),
        }
    }
}

impl Shape {
    /// Compiles the rules of a route, with the key for what they hash.
    ///
    /// # Errors
    /// The first rule that cannot be used, with its key.
    pub fn compile(rules: &config::Rules, key: Option<&config::HashKey>) -> Result<Self, InvalidRule> {
        rules.sample.as_ref().map_or(Ok(()), sample::check)?;
        Ok(Self {
            include: Condition::compile_all(&rules.include, "include")?,
            exclude: Condition::compile_all(&rules.exclude, "exclude")?,
            sample: rules.sample.clone(),
            redactor: Redactor::compile(&rules.redact, key)?,
            labeler: Labeler::compile(&rules.fields)?,
            format: rules.format,
        })
    }

    /// Takes the events out of a payload that are dropped, and notes labels and format for the rest. A payload may have
    /// millions of events, so `in_time` is asked now and then; once it says no, what is left of the payload is not used
    /// and `false` comes back.
    pub fn select(&self, payload: &mut Payload<'_>, in_time: impl Fn() -> bool) -> bool {
        if !(self.include.is_empty() && self.exclude.is_empty() && self.sample.is_none()) {
            let filter = self.filter(payload);
            let (mut unwatched, mut is_late) = (0, false);
            payload.events.retain(|event| {
                unwatched += event.message.len() + 64;
                if unwatched >= UNWATCHED {
                    unwatched = 0;
                    is_late = is_late || !in_time();
                }
                !is_late && filter.drops(event).is_none()
            });
            if is_late {
                return false;
            }
        }
        payload.labels = self.labels(&payload.log_group);
        payload.format = self.format;
        true
    }

    /// The labels of a log group's events.
    pub fn labels(&self, log_group: &str) -> Labels {
        self.labeler.labels(log_group)
    }

    /// Which events of a payload are dropped; what depends on its group and stream is decided here.
    pub fn filter(&self, payload: &Payload<'_>) -> Filter<'_> {
        let possible = |conditions: &[Condition]| {
            conditions.iter().map(|one| one.may_hold(&payload.log_group, &payload.log_stream)).collect()
        };
        let stream_is_out = self.sample.as_ref().is_some_and(|sample| {
            sample.field.is_none() && !sample::is_kept(&payload.log_stream, sample.rate)
        });
        let (include, exclude) = (possible(&self.include), possible(&self.exclude));
        Filter { shape: self, include, exclude, stream_is_out }
    }

    /// Hands the first of some events on, without what the rules take out of them: few enough that memory stays small
    /// and the clock is looked at often enough. An event that the rules fail on is sent without its text, rather than
    /// with too much of it. Also gives back the positions of those of them that are cut short.
    pub fn clean<R>(
        &self,
        events: &[LogEvent<'_>],
        budget: &Budget,
        then: impl FnOnce(&[LogEvent<'_>]) -> R,
    ) -> (R, Vec<usize>) {
        if self.redactor.is_none() {
            return (then(events), Vec::new());
        }
        let (mut bytes, spent) = (0, budget.spent());
        let some = events.iter().take_while(|event| {
            let room = bytes < CHUNK && budget.spent() - spent < CHUNK_OF_WORK;
            bytes += event.message.len();
            room
        });
        let all: Vec<_> = some
            .map(|event| {
                let clean = catch_unwind(AssertUnwindSafe(|| self.redact(event, budget)));
                let failed = Clean { message: REDACTED.into(), extracted: None, is_cut_short: false };
                (event, clean.unwrap_or(failed))
            })
            .collect();
        let cut_short = all.iter().enumerate().filter(|(_, (_, clean))| clean.is_cut_short).map(|(at, _)| at);
        (then(&all.iter().map(|(event, clean)| clean.event(event)).collect::<Vec<_>>()), cut_short.collect())
    }

    /// An event without what the rules take out of it, by the budget of its record.
    pub fn redact<'e>(&self, event: &LogEvent<'e>, budget: &Budget) -> Clean<'e> {
        let Some(redactor) = &self.redactor else {
            let extracted = event.extracted.map(Cow::Borrowed);
            return Clean { message: event.message.into(), extracted, is_cut_short: false };
        };
        budget.begin(event.message.len() + event.extracted.map_or(0, str::len));
        let text = text::unescape(event.message);
        let (body, end) = text.split_at(text::without_end(&text).len());
        let message = match redactor.redact(body, budget) {
            Cow::Borrowed(_) => event.message.into(),
            Cow::Owned(clean) => (text::escape(&clean) + &text::escape(end)).into(),
        };
        // What the filter pattern extracted are parts of the message.
        let extracted = event.extracted.map(|fields| redactor.redact(fields, budget));
        Clean { message, extracted, is_cut_short: budget.is_cut_short() }
    }
}

/// Which events of one payload a [`Shape`] drops.
#[derive(Debug)]
pub struct Filter<'s> {
    shape: &'s Shape,
    /// Which conditions can hold for this group and stream.
    include: Vec<bool>,
    exclude: Vec<bool>,
    stream_is_out: bool,
}

impl Filter<'_> {
    /// The rule that drops an event of the payload; `None` when it goes on.
    pub fn drops(&self, event: &LogEvent<'_>) -> Option<Rule> {
        let text = text::unescape(event.message);
        let message = text::without_end(&text);
        let holding = |conditions: &[Condition], possible: &[bool]| {
            conditions
                .iter()
                .zip(possible)
                .position(|(condition, possible)| *possible && condition.holds(message))
        };
        if !self.include.is_empty() && holding(&self.shape.include, &self.include).is_none() {
            return Some(Rule::Include);
        }
        if let Some(at) = holding(&self.shape.exclude, &self.exclude) {
            return Some(Rule::Exclude(at));
        }
        let out = match &self.shape.sample {
            Some(config::Sample { rate, field: Some(field) }) => {
                !sample::is_message_kept(message, field, *rate)
            }
            _ => self.stream_is_out,
        };
        out.then_some(Rule::Sample)
    }
}

#[cfg(test)]
mod tests;
