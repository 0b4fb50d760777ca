//! How the demo tells what it does: a row a step with its time, and bars for the lines.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::output::style::{BAD, DIM, GOOD};
use crate::output::{Progress, Step, width};
use crate::workflow::Context;

use super::bar::Bar;

/// Columns of what a step did: with its time and its calls, the row fits into 60 columns.
const WHAT: usize = 34;

/// Writes to standard error what the demo does, as it does it.
#[derive(Clone, Copy)]
pub(super) struct Story<'a> {
    context: Context<'a>,
    has_details: bool,
}

impl<'a> Story<'a> {
    pub(super) fn new(context: Context<'a>, has_details: bool) -> Self {
        Self { context, has_details }
    }

    /// What the commands of the demo run with: they are only heard where details are wanted.
    pub(super) fn details(&self) -> Context<'a> {
        if self.has_details { self.context } else { self.context.silent() }
    }

    /// What a command runs with that is repeated until it says what is wanted: nobody hears it.
    pub(super) fn silent(&self) -> Context<'a> {
        self.context.silent()
    }

    /// Writes a line that only `--detail` shows.
    pub(super) fn detail(&self, text: impl Display) {
        self.details().note(&text.to_string());
    }

    /// Writes a line that stays.
    pub(super) fn line(&self, text: impl Display) {
        self.context.note(&text.to_string());
    }

    /// Begins something that takes a while.
    pub(super) fn begin(&self, doing: &str) -> Running<'a> {
        let progress = self.context.progress;
        Running { progress, step: progress.begin(doing), begun: Instant::now() }
    }

    /// Does a step and writes its row: what it came to and its AWS calls, or that it failed.
    pub(super) async fn step<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T>>,
        came_to: impl FnOnce(&T) -> Row,
    ) -> Result<T> {
        let running = self.begin(doing);
        let done = work.await;
        match &done {
            Ok(value) => running.end(came_to(value)),
            Err(_) => running.end(Row::bad(doing)),
        }
        done
    }
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    is_good: bool,
    what: String,
    calls: Option<u64>,
}

impl Row {
    /// It did what it should.
    pub(super) fn good(what: impl Into<String>) -> Self {
        Self { is_good: true, what: what.into(), calls: None }
    }

    /// It did not.
    pub(super) fn bad(what: impl Into<String>) -> Self {
        Self { is_good: false, what: what.into(), calls: None }
    }

    /// The same, with the number of AWS calls that it made.
    pub(super) fn calls(self, calls: u64) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// The row, with the time where that is known.
    fn with(&self, took: Option<Duration>) -> String {
        let sign = if self.is_good { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") };
        let mut facts: Vec<String> =
            took.map(|took| format!("{:.1} s", took.as_secs_f64())).into_iter().collect();
        facts.extend(self.calls.map(|calls| format!("{calls} calls")));
        if facts.is_empty() {
            return format!("  {sign} {}", self.what);
        }
        format!("  {sign} {:<WHAT$}  {DIM}{}{DIM:#}", self.what, facts.join(" · "))
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with(None))
    }
}

/// Something that takes a while. A terminal shows that it runs.
pub(super) struct Running<'a> {
    progress: &'a Progress,
    step: Step,
    begun: Instant,
}

impl Running<'_> {
    /// Says what is going on meanwhile.
    pub(super) fn meanwhile(&self, what: impl Display) {
        self.step.waiting(what);
    }

    /// Says something in a line that stays.
    pub(super) fn line(&self, text: impl Display) {
        self.progress.line(text);
    }

    /// Ends it with a row.
    pub(super) fn end(self, row: Row) {
        let took = self.begun.elapsed();
        drop(self.step);
        self.progress.line(row.with(Some(took)));
    }

    /// Ends it with a bar.
    pub(super) fn end_with(self, bar: &Bar) {
        drop(self.step);
        self.progress.line(bar.row(width()));
    }
}
