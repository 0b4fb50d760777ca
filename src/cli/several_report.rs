//! What a run in several environments reports: what each said, and one line for each.

use std::fmt;

use serde_json::{Value, json};

use crate::commands::Outcome;
use crate::error::{Exit, Result, listed};
use crate::flags::CommandLine;
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};
use crate::output::{Envelope, Next, Table, columns, error_lines, quantity, visible, width};

/// How the run in one environment ended.
pub(super) struct Ended {
    name: String,
    envelope: &'static Envelope,
    outcome: Result<Outcome>,
}

impl Ended {
    pub(super) fn new(name: &str, envelope: &'static Envelope, outcome: Result<Outcome>) -> Self {
        Self { name: name.to_owned(), envelope, outcome }
    }

    fn exit(&self) -> Exit {
        match &self.outcome {
            Ok(outcome) => outcome.exit,
            Err(error) => error.code.exit(),
        }
    }

    /// The document that it would have had alone.
    fn document(&self) -> Value {
        match &self.outcome {
            Ok(outcome) => self.envelope.report(outcome.report.to_json()),
            Err(error) => self.envelope.error(error),
        }
    }

    /// Its part above the lines of all: what a verb reports in more than one line, and what failed.
    fn details(&self) -> Option<String> {
        let text = match &self.outcome {
            Ok(Outcome { brief: Some(_), .. }) => return None,
            Ok(outcome) => outcome.report.to_string(),
            Err(error) => error_lines(error),
        };
        Some(format!("{}\n{}", heading(&self.name, self.envelope), text.trim_matches('\n')))
    }

    /// Its line: a sign, its name, where it is, and what was done.
    fn line(&self) -> Vec<String> {
        let (sign, what) = match (&self.outcome, self.exit()) {
            (Ok(outcome), Exit::Success) => {
                (format!("{GOOD}✓{GOOD:#}"), outcome.brief.clone().unwrap_or_else(|| "see above".to_owned()))
            }
            (Ok(outcome), exit) => {
                let what = outcome.brief.clone().unwrap_or_else(|| "see above".to_owned());
                (format!("{WARN}!{WARN:#}"), format!("{what} (exit code {})", exit.code()))
            }
            (Err(error), exit) => (
                format!("{BAD}✗{BAD:#}"),
                format!("{}: see above (exit code {})", error.code.name(), exit.code()),
            ),
        };
        let unknown = || "-".to_owned();
        let account = self.envelope.account().map_or_else(unknown, visible);
        let region = self.envelope.region().map_or_else(unknown, visible);
        vec![sign, format!("{BOLD}{}{BOLD:#}", visible(&self.name)), account, region, what]
    }
}

/// The report of the run.
pub(super) struct SeveralReport {
    ended: Vec<Ended>,
    seconds: f64,
    next: Next,
}

impl SeveralReport {
    pub(super) fn new(line: &CommandLine, ended: Vec<Ended>, seconds: f64) -> Self {
        let failed: Vec<&str> =
            ended.iter().filter(|one| one.outcome.is_err()).map(|one| one.name.as_str()).collect();
        let next = match failed[..] {
            [] => Next::new(),
            _ => Next::new().then(
                line.in_environments(&failed.join(",")),
                "run it again where it failed: what is done stays done",
            ),
        };
        Self { ended, seconds, next }
    }

    /// The exit code of the environment that ended worst.
    pub(super) fn exit(&self) -> Exit {
        Exit::worst(self.ended.iter().map(Ended::exit))
    }

    /// What is true now.
    fn summary(&self) -> String {
        let all = self.ended.len();
        let failed: Vec<&str> =
            self.ended.iter().filter(|one| one.outcome.is_err()).map(|one| one.name.as_str()).collect();
        let took = quantity::stopwatch(self.seconds);
        let environments = quantity::plural(all as u64, "environment");
        match failed.len() {
            0 => format!("{environments} in {took}."),
            n => {
                let names = listed(failed);
                format!("{} of {environments} in {took}; {BAD}{n} failed{BAD:#}: {names}.", all - n)
            }
        }
    }
}

/// The heading of what an environment says: its name and where it is, over the whole width.
pub(super) fn heading(name: &str, envelope: &Envelope) -> String {
    let place = [envelope.account(), envelope.region(), envelope.stack().filter(|stack| *stack != "default")];
    let place: String = place.into_iter().flatten().map(|part| format!(" · {}", visible(part))).collect();
    let name = visible(name);
    let rest = width().saturating_sub(columns(&name) + columns(&place) + 4);
    format!("{DIM}──{DIM:#} {BOLD}{name}{BOLD:#}{DIM}{place} {}{DIM:#}", "─".repeat(rest))
}

impl fmt::Display for SeveralReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for details in self.ended.iter().filter_map(Ended::details) {
            write!(f, "{details}\n\n")?;
        }
        let mut table = Table::plain().indent(2).names([1]);
        self.ended.iter().for_each(|one| table.row(one.line()));
        write!(f, "{table}\n\n{}", self.summary())?;
        if self.next.is_empty() { Ok(()) } else { write!(f, "\n\n{}", self.next) }
    }
}

impl serde::Serialize for SeveralReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let one = |ended: &Ended| {
            json!({
                "environment": ended.name,
                "exit_code": ended.exit().code(),
                "document": ended.document(),
            })
        };
        let environments: Vec<Value> = self.ended.iter().map(one).collect();
        json!({"environments": environments, "seconds": (self.seconds * 1000.0).round() / 1000.0, "next": self.next})
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use crate::output::unstyled;

    /// A report that is only text.
    struct Said(&'static str);

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl serde::Serialize for Said {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
            json!({"said": self.0}).serialize(serializer)
        }
    }

    fn ended(name: &str, account: &str, outcome: Result<Outcome>) -> Ended {
        let envelope = Envelope::in_environment("setup", name);
        envelope.set_place(account, "eu-west-1");
        envelope.set_stack("shop");
        Ended::new(name, envelope, outcome)
    }

    fn outcome(report: &'static str, exit: Exit, brief: Option<&str>) -> Result<Outcome> {
        Ok(Outcome { report: Box::new(Said(report)), exit, brief: brief.map(ToOwned::to_owned) })
    }

    fn report() -> SeveralReport {
        let denied = Error::new(
            Code::AccessDenied,
            "iam:CreateRole on cwl-to-kinesis failed: AccessDenied: not allowed",
        )
        .hint("your credentials lack this permission; ask for it");
        let line = CommandLine::new(["--env", "dev,test,prod", "setup", "--yes"]);
        let all = vec![
            ended("dev", "111111111111", outcome("", Exit::Success, Some("Ready. 14 created in 21.3 s."))),
            ended("test", "111111111111", outcome("Not healthy.\n\nTwo lines.", Exit::Pending, None)),
            ended("prod", "222222222222", Err(denied)),
        ];
        SeveralReport::new(&line, all, 21.9)
    }

    #[test]
    fn each_environment_has_a_line_and_what_failed_is_told_in_full() {
        insta::assert_snapshot!(unstyled(&report().to_string()));
    }

    #[test]
    fn the_document_of_each_is_the_one_that_it_would_have_had_alone() {
        let report = report();
        assert_eq!(report.exit(), Exit::Access);
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["environments"][0]["exit_code"], 0);
        assert_eq!(json["environments"][0]["document"]["account"], "111111111111");
        assert_eq!(json["environments"][1]["document"]["said"], "Not healthy.\n\nTwo lines.");
        assert_eq!(json["environments"][2]["document"]["error"]["code"], "access-denied");
        assert_eq!(json["environments"][2]["document"]["stack"], "shop");
        assert_eq!(json["next"][0]["command"], "cwl2le setup --yes --env prod");
    }
}
