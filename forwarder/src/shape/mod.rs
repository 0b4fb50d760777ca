//! What a route does to its events before they are framed: keep or drop, sample, redact, label.
//!
//! A route without rules has no [`Shape`], and its messages stay the escaped text in the buffer. A [`Shape`] is
//! compiled once. It looks at the text that a message means, and gives back a message only when it changed it.

pub mod config;
mod expression;
pub mod fields;
mod json;
pub mod lambda;
pub mod redact;
pub mod sample;
mod select;

use std::borrow::Cow;
use std::fmt;

use crate::config::Format;
use crate::line;
use crate::payload::{LogEvent, Payload};
pub use expression::InvalidRule;
use fields::{Labeler, Labels};
use redact::Redactor;
use select::Condition;

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

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shaped<'e> {
    /// It goes on, with this message and these extracted fields, as JSON text like those of a [`LogEvent`].
    Keep {
        /// The message as a JSON string without its quotes.
        message: Cow<'e, str>,
        /// The object of extracted fields.
        extracted: Option<Cow<'e, str>>,
    },
    /// It is dropped.
    Filtered(Rule),
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

impl<'e> Shaped<'e> {
    /// The event as it goes on; nothing when it is dropped.
    pub fn event<'s>(&'s self, original: &LogEvent<'s>) -> Option<LogEvent<'s>>
    where
        'e: 's,
    {
        match self {
            Self::Keep { message, extracted } => {
                Some(LogEvent { message, extracted: extracted.as_deref(), ..*original })
            }
            Self::Filtered(_) => None,
        }
    }
}

impl Shape {
    /// Compiles the rules of a route.
    ///
    /// # Errors
    /// The first rule that cannot be used, with its key.
    pub fn compile(rules: &config::Rules) -> Result<Self, InvalidRule> {
        rules.sample.as_ref().map_or(Ok(()), sample::check)?;
        Ok(Self {
            include: Condition::compile_all(&rules.include, "include")?,
            exclude: Condition::compile_all(&rules.exclude, "exclude")?,
            sample: rules.sample.clone(),
            redactor: Redactor::compile(&rules.redact, rules.hash_key.as_ref())?,
            labeler: Labeler::compile(&rules.fields)?,
            format: rules.format,
        })
    }

    /// What a line says besides the message, where the route has a say in it.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The labels of a log group's events.
    pub fn labels(&self, log_group: &str) -> Labels {
        self.labeler.labels(log_group)
    }

    /// The rules for the events of one payload; what depends on its group and stream is decided here.
    pub fn of(&self, payload: &Payload<'_>) -> ShapeOf<'_> {
        let possible = |conditions: &'_ [Condition]| {
            conditions.iter().map(|one| one.may_hold(&payload.log_group, &payload.log_stream)).collect()
        };
        let stream_is_out = self.sample.as_ref().is_some_and(|sample| {
            sample.field.is_none() && !sample::is_kept(&payload.log_stream, sample.rate)
        });
        ShapeOf {
            shape: self,
            include: possible(&self.include),
            exclude: possible(&self.exclude),
            stream_is_out,
        }
    }
}

/// A [`Shape`] for the events of one payload.
#[derive(Debug)]
pub struct ShapeOf<'s> {
    shape: &'s Shape,
    /// Which conditions can hold for this group and stream.
    include: Vec<bool>,
    exclude: Vec<bool>,
    stream_is_out: bool,
}

impl ShapeOf<'_> {
    /// Decides about an event of the payload.
    pub fn shape<'e>(&self, event: &LogEvent<'e>) -> Shaped<'e> {
        let text = line::unescape(event.message);
        if let Some(rule) = self.filtered_by(without_end(&text)) {
            return Shaped::Filtered(rule);
        }
        let Some(redactor) = &self.shape.redactor else {
            return Shaped::Keep {
                message: event.message.into(),
                extracted: event.extracted.map(Cow::Borrowed),
            };
        };
        let (body, end) = text.split_at(without_end(&text).len());
        let message = match redactor.redact(body) {
            Cow::Borrowed(_) => event.message.into(),
            Cow::Owned(clean) => (line::escape(&clean) + &line::escape(end)).into(),
        };
        // What the filter pattern extracted are parts of the message.
        let extracted = event.extracted.map(|fields| redactor.redact(fields));
        Shaped::Keep { message, extracted }
    }

    fn filtered_by(&self, message: &str) -> Option<Rule> {
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

/// A message without the line end that it may have at its end.
fn without_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
