//! Which of the kept records are meant.

use cwl2le_forwarder::glob::Glob;

use super::args::Replay;
use crate::error::{Error, Result};
use crate::stack::arn::split_log_group;

/// Which records are meant, by the flags.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// From this time on, in milliseconds since 1970.
    since: Option<i64>,
    /// Up to this time, in milliseconds since 1970; what has it is included.
    until: Option<i64>,
    /// Of log groups with these names,
    names: Vec<String>,
    /// or with names that match; of every log group where there are neither.
    globs: Vec<Glob>,
    /// Kept for one of these reasons; for any where there are none.
    reasons: Vec<String>,
}

impl Chosen {
    /// What the flags mean at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// A log group or a pattern that cannot be one; a time that ends before it begins.
    pub(super) fn of(args: &Replay, now: i64) -> Result<Self> {
        let name = |text: &String| split_log_group(text).map(|(_, name)| name.to_owned());
        let names = args.log_groups.iter().map(name).collect::<std::result::Result<_, _>>();
        let names = names.map_err(|problem| Error::usage(problem, "give the name of the log group"))?;
        let globs = args.matches.iter().map(|glob| Glob::new(glob)).collect::<std::result::Result<_, _>>();
        let globs = globs.map_err(|bad| Error::usage(bad.to_string(), "fix the pattern of --match"))?;
        let [since, until] =
            [args.since, args.until].map(|moment| moment.map(|moment| moment.in_milliseconds(now)));
        if let (Some(since), Some(until)) = (since, until)
            && until < since
        {
            return Err(Error::usage("--until is before --since", "exchange them"));
        }
        Ok(Self { since, until, names, globs, reasons: args.reasons.clone() })
    }

    /// Whether something that was kept at a time, in milliseconds since 1970, is meant.
    pub(super) fn has_time(&self, time: i64) -> bool {
        self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
    }

    /// From when to when, in milliseconds since 1970; up to `now` if no end is given.
    pub(super) fn span(&self, now: i64) -> (i64, i64) {
        (self.since.unwrap_or_default(), self.until.map_or(now, |until| until.min(now)))
    }

    /// The log groups that are named.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether log groups are chosen at all.
    pub(super) fn is_of_groups(&self) -> bool {
        !self.names.is_empty() || !self.globs.is_empty()
    }

    /// Whether a log group is meant.
    pub(super) fn has_group(&self, log_group: &str) -> bool {
        !self.is_of_groups()
            || self.names.iter().any(|name| name == log_group)
            || self.globs.iter().any(|glob| glob.matches(log_group))
    }

    /// Whether what was kept for these reasons is meant.
    pub(super) fn has_reason(&self, reasons: &[String]) -> bool {
        self.reasons.is_empty() || reasons.iter().any(|reason| self.names_reason(reason))
    }

    /// Whether a flag names this reason.
    pub(super) fn names_reason(&self, reason: &str) -> bool {
        self.reasons.iter().any(|named| named == reason)
    }
}
