//! The report of `cwl2le doctor` as text.

use std::fmt;

use super::finding::State;
use super::report::{Diagnosis, DoctorReport, Item};
use crate::output::quantity::plural;
use crate::output::style::{BAD, BOLD, DIM, GOOD, HINT, TYPED, WARN};
use crate::output::{hanging, visible, wrapped};

/// Minimum columns of what was found: in a narrower terminal it stands below the name of its check.
const NARROWEST: usize = 32;
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
        let place = format!("stack {}, {}, {}", visible(&self.stack), place.join(" "), self.time);
        let lead = format!("{} ", self.verdict());
        writeln!(f, "{}", hanging(&lead, &format!("{DIM}({place}){DIM:#}"), self.width))?;
        let shown: Vec<&Item> = self
            .checks
            .iter()
            .filter(|item| !self.short || matches!(item.state, State::Warn | State::Fault))
            .collect();
        let made = || shown.iter().filter(|item| item.state != State::Skipped);
        let columns =
            Columns { check: made().map(|item| item.check.len()).max().unwrap_or(0), all: self.width };
        for category in shown.chunk_by(|one, other| one.category == other.category) {
            // A category of which nothing was judged counts in the last line alone.
            let mut made = category.iter().filter(|item| item.state != State::Skipped).peekable();
            let Some(first) = made.peek() else { continue };
            writeln!(f, "\n{BOLD}{}{BOLD:#}", first.title)?;
            made.try_for_each(|item| item.write(f, columns))?;
            write_skipped(f, category, columns)?;
        }
        let calls = plural(self.calls, "call");
        let summary = format!("{} {DIM}({calls}, {:.1} s){DIM:#}", self.summary(), self.seconds);
        write!(f, "\n{}", hanging("", &summary, self.width))
    }
}

impl Diagnosis {
    fn verdict(&self) -> String {
        let (faults, warnings) = (self.count(State::Fault), self.count(State::Warn));
        match (self.healthy, faults) {
            (None, _) => format!("{BAD}NOT JUDGED{BAD:#}"),
            (_, 1..) => format!("{BAD}{}{BAD:#}", self.number(State::Fault, "fault").to_uppercase()),
            _ if warnings > 0 => format!("{WARN}{}{WARN:#}", self.number(State::Warn, "warning")),
            _ => format!("{GOOD}no fault found{GOOD:#}"),
        }
    }

    fn number(&self, state: State, what: &str) -> String {
        plural(u64::try_from(self.count(state)).unwrap_or(u64::MAX), what)
    }

    fn summary(&self) -> String {
        format!(
            "{}, {}, {} ok, {} not judged",
            self.number(State::Fault, "fault"),
            self.number(State::Warn, "warning"),
            self.count(State::Ok),
            self.count(State::Skipped) + self.count(State::Unknown),
        )
    }
}

/// The columns of the report.
#[derive(Clone, Copy)]
struct Columns {
    /// Of the longest name of a check.
    check: usize,
    /// Of the terminal. Commands and links are longer: they are one piece each.
    all: usize,
}

impl Columns {
    /// Where what was found begins, unless there is no room beside the name of the check.
    fn found(self) -> Option<usize> {
        let column = INDENT + self.check + 2;
        (column + NARROWEST <= self.all).then_some(column)
    }
}

/// The checks of a category that were not made, on as few lines as they take.
fn write_skipped(f: &mut fmt::Formatter<'_>, category: &[&Item], columns: Columns) -> fmt::Result {
    let skipped: Vec<&&Item> = category.iter().filter(|item| item.state == State::Skipped).collect();
    for same in skipped.chunk_by(|one, other| one.needs == other.needs) {
        let mut names: Vec<&str> = same.iter().map(|item| item.check).collect();
        names.dedup();
        let need = if names.len() == 1 { "needs" } else { "need" };
        let text = format!("{} {need} {}", names.join(", "), same[0].needs.unwrap_or_default());
        for (at, line) in wrapped(&text, columns.all.saturating_sub(INDENT)).enumerate() {
            let state = if at == 0 { "skip" } else { "" };
            writeln!(f, "  {DIM}{state:<5} {line}{DIM:#}")?;
        }
    }
    Ok(())
}

impl Item {
    fn write(&self, f: &mut fmt::Formatter<'_>, columns: Columns) -> fmt::Result {
        let state = match self.state {
            State::Ok => format!("{GOOD}ok   {GOOD:#}"),
            State::Warn => format!("{WARN}warn {WARN:#}"),
            State::Fault => format!("{BAD}FAULT{BAD:#}"),
            State::Skipped => format!("{DIM}skip {DIM:#}"),
            State::Unknown => format!("{WARN}?    {WARN:#}"),
        };
        let subject = self.subject.as_ref().map(|subject| format!("{}: ", visible(subject)));
        let found = format!("{}{}", subject.unwrap_or_default(), shortened(&self.found));
        match columns.found() {
            Some(column) => {
                let mut lines = wrapped(&found, columns.all - column);
                let width = columns.check;
                writeln!(f, "  {state} {:<width$}  {}", self.check, lines.next().unwrap_or_default())?;
                lines.try_for_each(|line| writeln!(f, "{:column$}{line}", ""))?;
            }
            None => {
                writeln!(f, "  {state} {}", self.check)?;
                write_below(f, &found, columns)?;
            }
        }
        let since = self.since.as_ref().map(|since| format!("since {since}"));
        let denied = self.denied.as_ref().map(|action| format!("the missing permission is {action}"));
        for text in since.iter().chain(&denied).chain(&self.details).chain(&self.advice) {
            write_below(f, &shortened(text), columns)?;
        }
        for command in &self.fix {
            // A person reads the plan first; a script takes the command from the JSON.
            let command = command.strip_suffix(&["--yes".to_owned()]).unwrap_or(command);
            let command = visible(pasted(command));
            writeln!(f, "{:INDENT$}{HINT}fix:{HINT:#} {TYPED}{command}{TYPED:#}", "")?;
        }
        if matches!(self.state, State::Warn | State::Fault | State::Unknown) {
            writeln!(f, "{:INDENT$}{DIM}see {}{DIM:#}", "", self.link)?;
        }
        Ok(())
    }
}

/// A text that belongs to the check above it.
fn write_below(f: &mut fmt::Formatter<'_>, text: &str, columns: Columns) -> fmt::Result {
    wrapped(text, columns.all.saturating_sub(INDENT)).try_for_each(|line| writeln!(f, "{:INDENT$}{line}", ""))
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

#[cfg(test)]
mod tests {
    use super::super::check::{Category, Check};
    use super::super::evidence::{Evidence, Judged};
    use super::super::examine::examine;
    use super::super::finding::{Command, Finding};
    use super::*;
    use crate::error::Exit;
    use crate::health::Unknown;
    use crate::output::{OutputFormat, Printer};

    static CATEGORIES: &[Category] = &[
        Category {
            name: "stream-is-read",
            title: "the stream is read",
            needs: &[],
            checks: &[
                Check::new("trigger-there", "", |_| Ok(vec![Finding::ok("there")])),
                Check::new("trigger-enabled", "", disabled),
                Check::new("polled", "", |_| Ok(Vec::new())).needs(&["trigger-enabled"]),
            ],
        },
        Category {
            name: "forwarder",
            title: "forwarder",
            needs: &[],
            checks: &[
                Check::new("version", "", |_| Ok(vec![Finding::warn("older").about(Some("audit"))])),
                Check::new("balanced", "", |_| {
                    Err(Finding::from(&Unknown { why: "denied".to_owned(), action: Some("x:Y".to_owned()) }))
                }),
            ],
        },
    ];

    fn disabled(_: &Evidence) -> Judged {
        let found = "the trigger is disabled; at least 18212 records wait, the oldest for 3h 2m, which is a long time for \
                     records\u{1b}[8m to wait\nin a stream";
        let fix = Command::own(["setup"]);
        Ok(vec![
            Finding::fault(found)
                .since(Some(1_790_000_000))
                .with("records", 18_212)
                .detail("by kim")
                .fix(fix),
        ])
    }

    fn diagnosis(short: bool, strict: bool) -> Diagnosis {
        let fix = ["cwl2le", "setup", "--config", "a b.toml", "--yes"].map(ToOwned::to_owned).to_vec();
        let items = examine(CATEGORIES, &Evidence::default()).into_iter().map(|examined| {
            let fix = examined.finding.fix.iter().map(|_| fix.clone()).collect();
            Item::new(examined, fix)
        });
        let diagnosis = Diagnosis {
            stack: "default".to_owned(),
            account: Some("123456789012".to_owned()),
            region: Some("eu-west-1".to_owned()),
            time: "2026-11-29T03:05:02Z".to_owned(),
            calls: 27,
            seconds: 2.14,
            short,
            strict,
            width: 100,
            ..Diagnosis::default()
        };
        diagnosis.judged(items.collect())
    }

    fn shown(diagnosis: Diagnosis) -> String {
        let mut out = Vec::new();
        let report = DoctorReport::Found(Box::new(diagnosis));
        Printer::plain(OutputFormat::Text).report(&mut out, &report).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn findings_stand_in_columns_and_what_belongs_to_one_below_it() {
        let text = shown(diagnosis(false, false));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text);
        insta::assert_snapshot!(shown(diagnosis(true, false)));
    }

    #[test]
    fn a_narrow_terminal_shows_all_of_it() {
        let narrow = DoctorReport::Found(Box::new(Diagnosis { width: 44, ..diagnosis(false, false) }));
        let mut out = Vec::new();
        Printer::plain(OutputFormat::Text).report(&mut out, &narrow).expect("written");
        let text = String::from_utf8(out).expect("UTF-8");
        let is_one_piece = |line: &str| line.contains("fix: ") || line.contains("see ");
        assert!(text.lines().all(|line| is_one_piece(line) || line.chars().count() <= 44), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn json_has_the_same_facts() {
        insta::assert_json_snapshot!(DoctorReport::Found(Box::new(diagnosis(false, false))));
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_finding() {
        let exit = |items: Vec<Item>, strict| {
            let diagnosis = Diagnosis { strict, ..Diagnosis::default() };
            DoctorReport::Found(Box::new(diagnosis.judged(items))).exit()
        };
        let of = |states: &[State]| -> Vec<Item> {
            let all = diagnosis(false, false).checks;
            states.iter().map(|state| Item { state: *state, ..all[0].clone() }).collect()
        };
        assert_eq!(exit(of(&[State::Ok, State::Warn, State::Unknown]), false), Exit::Success);
        assert_eq!(exit(of(&[State::Ok, State::Warn]), true), Exit::Pending);
        assert_eq!(exit(of(&[State::Warn, State::Fault]), false), Exit::Pending);
        assert_eq!(exit(of(&[State::Skipped, State::Unknown]), true), Exit::Access);
        // To know who is asking says nothing about the chain.
        let mut access = of(&[State::Ok, State::Unknown]);
        access[0].category = "access";
        assert_eq!(exit(access.clone(), false), Exit::Access);
        assert_eq!(exit(access[..1].to_vec(), false), Exit::Success);
    }
}
