//! The report of `cwl2le doctor` as text.

use std::fmt;

use super::finding::State;
use super::report::{Diagnosis, DoctorReport, Item};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::visible;

/// Maximum number of columns, but for commands and links, which are one piece each.
const COLUMNS: usize = 100;
/// Where what belongs to a finding begins.
const INDENT: usize = 8;
/// Maximum number of characters of a text from outside.
const LONGEST: usize = 600;

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => list.fmt(f),
            Self::Found(diagnosis) => diagnosis.fmt(f),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = [self.account.as_deref(), self.region.as_deref()].into_iter().flatten();
        let place: Vec<String> = place.map(visible).collect();
        writeln!(f, "{}: {}, {} {}", self.verdict(), visible(&self.stack), place.join(" "), self.time)?;
        let shown: Vec<&Item> = self
            .checks
            .iter()
            .filter(|item| !self.short || matches!(item.state, State::Warn | State::Fault))
            .collect();
        let width = shown.iter().map(|item| item.check.len()).max().unwrap_or(0);
        let mut category = "";
        for item in shown {
            if item.category != category {
                writeln!(f, "{BOLD}{}{BOLD:#}", item.title)?;
                category = item.category;
            }
            item.write(f, width)?;
        }
        write!(f, "{} ({} calls, {:.1} s)", self.summary(), self.calls, self.seconds)
    }
}

impl Diagnosis {
    fn verdict(&self) -> String {
        let (faults, warnings) = (self.count(State::Fault), self.count(State::Warn));
        match (self.healthy, faults) {
            (None, _) => format!("{BAD}NOT JUDGED{BAD:#}"),
            (_, 1..) => format!("{BAD}{}{BAD:#}", number(faults, "FAULT")),
            _ if warnings > 0 => format!("{WARN}{}{WARN:#}", number(warnings, "warning")),
            _ => format!("{GOOD}no fault found{GOOD:#}"),
        }
    }

    fn summary(&self) -> String {
        format!(
            "{}, {}, {} ok, {} not judged",
            number(self.count(State::Fault), "fault"),
            number(self.count(State::Warn), "warning"),
            self.count(State::Ok),
            self.count(State::Skipped) + self.count(State::Unknown),
        )
    }
}

fn number(count: usize, what: &str) -> String {
    let end = match (count, what.ends_with('T')) {
        (1, _) => "",
        (_, true) => "S",
        (_, false) => "s",
    };
    format!("{count} {what}{end}")
}

impl Item {
    fn write(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        let state = match self.state {
            State::Ok => format!("{GOOD}ok   {GOOD:#}"),
            State::Warn => format!("{WARN}warn {WARN:#}"),
            State::Fault => format!("{BAD}FAULT{BAD:#}"),
            State::Skipped => format!("{DIM}skip {DIM:#}"),
            State::Unknown => format!("{WARN}?    {WARN:#}"),
        };
        let subject = self.subject.as_ref().map(|subject| format!("{}: ", visible(subject)));
        let found = format!("{}{}", subject.unwrap_or_default(), shortened(&self.found));
        let column = INDENT + width + 2;
        let mut lines = wrapped(&found, COLUMNS - column).into_iter();
        writeln!(f, "  {state} {:<width$}  {}", self.check, lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(f, "{:column$}{line}", ""))?;
        let since = self.since.as_ref().map(|since| format!("since {since}"));
        for text in since.iter().chain(&self.details).chain(&self.advice) {
            for line in wrapped(&shortened(text), COLUMNS - INDENT) {
                writeln!(f, "{:INDENT$}{line}", "")?;
            }
        }
        for command in &self.fix {
            writeln!(f, "{:INDENT$}{BOLD}fix:{BOLD:#} {}", "", visible(pasted(command)))?;
        }
        if matches!(self.state, State::Warn | State::Fault | State::Unknown) {
            writeln!(f, "{:INDENT$}{DIM}see {}{DIM:#}", "", self.link)?;
        }
        Ok(())
    }
}

/// A command for a POSIX shell.
pub(super) fn pasted(command: &[String]) -> String {
    shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| format!("{command:?}"))
}

/// A text from outside on one line, the first part of a long one.
fn shortened(text: &str) -> String {
    let text = visible(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Breaks a text into lines of at most so many characters, between words where it can.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("never empty");
        let length = line.chars().count() + 1 + word.chars().count();
        if line.is_empty() {
            word.clone_into(line);
        } else if length <= columns {
            *line = format!("{line} {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
