//! The report of `cwl2le doctor` as text.

use std::fmt;

use super::finding::State;
use super::report::{Diagnosis, DoctorReport, Item};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{visible, wrapped};

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
        let mut lines = wrapped(&found, COLUMNS - column);
        writeln!(f, "  {state} {:<width$}  {}", self.check, lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(f, "{:column$}{line}", ""))?;
        let since = self.since.as_ref().map(|since| format!("since {since}"));
        let denied = self.denied.as_ref().map(|action| format!("the missing permission is {action}"));
        for text in since.iter().chain(&denied).chain(&self.details).chain(&self.advice) {
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
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        insta::assert_snapshot!(text);
        insta::assert_snapshot!(shown(diagnosis(true, false)));
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
