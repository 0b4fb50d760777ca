//! Folds, filters and writes lines.

use std::io;

use super::args::Logs;
use super::fold::Fold;
use super::groups::Group;
use super::row;
use super::source::Line;
use crate::error::{Code, Error, Result};
use crate::journal::{Entry, Level};
use crate::output::Live;

/// Where lines are shown.
pub(super) struct Screen<'a> {
    args: &'a Logs,
    live: Live<'a>,
    groups: &'a [Group],
    fold: Fold,
    /// The day of the line before.
    day: String,
    /// How many lines were shown.
    count: u64,
}

impl<'a> Screen<'a> {
    pub(super) fn new(args: &'a Logs, live: Live<'a>, groups: &'a [Group]) -> Self {
        Self { args, live, groups, fold: Fold::default(), day: String::new(), count: 0 }
    }

    /// How many lines were shown.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Which of these lines are shown, by position, if nothing came before them.
    pub(super) fn shown(&self, lines: &[Line]) -> Vec<usize> {
        let mut fold = Fold::default();
        (0..lines.len()).filter(|at| self.shows(&lines[*at], fold.says_more(&lines[*at]))).collect()
    }

    /// Takes note of a line that is not shown.
    pub(super) fn pass_over(&mut self, line: &Line) {
        self.fold.says_more(line);
    }

    /// Shows a line where it is to be shown. Returns whether anybody still reads.
    ///
    /// # Errors
    /// Standard output takes no more.
    pub(super) fn take(&mut self, line: &Line) -> Result<bool> {
        let says_more = self.fold.says_more(line);
        if !self.shows(line, says_more) {
            return Ok(true);
        }
        self.count += 1;
        self.write(line).map_err(|error| {
            Error::new(Code::Environment, format!("standard output takes no more lines: {error}"))
                .hint("make room where standard output leads to")
        })
    }

    fn write(&mut self, line: &Line) -> io::Result<bool> {
        let group = &self.groups[line.group];
        if self.live.is_json() {
            return self.live.json("line", row::json(line, group));
        }
        if self.args.raw {
            return self.live.verbatim(line.event.message.trim_end_matches(['\n', '\r']));
        }
        let day = row::day(line.event.timestamp);
        if day != self.day {
            self.live.text(row::heading(&day))?;
            self.day = day;
        }
        let names = self.groups.iter().map(row::label);
        let width = if self.groups.len() > 1 { names.map(|name| name.chars().count()).max() } else { None };
        self.live.text(row::text(line, width.map(|width| (group, width)), self.args.destination.as_deref()))
    }

    fn shows(&self, line: &Line, says_more: bool) -> bool {
        let is_logged_only = self.args.raw || self.live.is_json();
        let is_quiet = matches!(&line.entry, Entry::Platform(platform) if platform.failure.is_none());
        let is_wanted = if self.args.raw { true } else { !is_quiet && (is_logged_only || says_more) };
        is_wanted
            && self.args.level.shows(line.entry.level())
            && self.args.destination.as_deref().is_none_or(|name| is_about(&line.entry, name))
            && self.args.grep.as_deref().is_none_or(|text| {
                line.event.message.contains(text) || row::text(line, None, None).contains(text)
            })
    }
}

/// Whether a line is about a destination, or about something that stops all of them.
fn is_about(entry: &Entry, name: &str) -> bool {
    match entry {
        Entry::Invocation(invocation) => invocation.destinations.get(name).is_some_and(|did| {
            did.failure.is_some()
                || did.has_delivered()
                || did.events.received.is_some_and(|events| events > 0)
        }),
        Entry::Started(started) => started.destinations.iter().any(|destination| destination == name),
        Entry::Canary(canary) => canary.destination.as_deref() == Some(name),
        Entry::Note(note) => match note.destination() {
            Some(destination) => destination == name,
            None => note.level == Level::Error,
        },
        Entry::Platform(platform) => platform.failure.is_some(),
        Entry::Other(_) => false,
    }
}
