//! The way of every command that changes something: show, refuse, ask, apply, report.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Instant;

use super::report::past;
use super::{ChangeReport, Context};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::apply::{Event, What, apply};
use crate::aws::Session;
use crate::cli::Change;
use crate::error::{Code, Error, Result};
use crate::output::Progress;
use crate::plan::{Plan, Refusal};
use crate::stack::Stack;

/// A change on its way.
pub(super) struct Run<'a> {
    pub(super) context: Context<'a>,
    pub(super) session: &'a Session,
    pub(super) stack: &'a Stack,
    pub(super) change: &'a Change,
    pub(super) command: &'static str,
    pub(super) started: Instant,
}

impl Run<'_> {
    /// Carries out a plan: the very value that is shown.
    pub(super) async fn carry_out(&self, plan: Plan) -> Result<ChangeReport> {
        if !plan.is_empty() || !plan.refused.is_empty() {
            self.context.note(&plan.to_string());
        }
        if let Some(first) = plan.refused.first() {
            return Err(refused(first, &plan.refused));
        }
        if !self.change.dry_run && !plan.is_empty() {
            self.confirm(&plan)?;
            let shown = Shown::new(self.context.progress);
            apply(self.session, &plan, &|event| shown.show(event))
                .await
                .map_err(|failure| failure.into_error(self.command))?;
        }
        Ok(self.report(plan))
    }

    fn report(&self, plan: Plan) -> ChangeReport {
        ChangeReport {
            command: self.command,
            stack: self.stack.name.to_string(),
            account: self.stack.target.account.clone(),
            region: self.stack.target.region.to_string(),
            dry_run: self.change.dry_run,
            changed: !plan.is_empty(),
            changes: plan.steps,
            unchanged: plan.unchanged,
            kept: plan.kept,
            calls: self.session.calls(),
            seconds: self.started.elapsed().as_secs_f64(),
        }
    }

    /// Asks on a terminal. Elsewhere nobody can answer: what adds goes on, what removes a stack needs `--yes`.
    fn confirm(&self, plan: &Plan) -> Result<()> {
        if self.change.yes {
            return Ok(());
        }
        let not_confirmed = |message: &str| {
            Error::new(Code::NotConfirmed, message)
                .hint(format!("run `cwl2le {} --yes` to go on without being asked", self.command))
        };
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return match self.command {
                "teardown" => Err(not_confirmed("teardown removes resources and nobody is there to confirm it")),
                _ => Ok(()),
            };
        }
        let question = match self.command {
            "teardown" => format!("Remove these {} resources? [y/N] ", plan.steps.len()),
            _ => "Make these changes? [y/N] ".to_owned(),
        };
        let answer = self
            .context
            .progress
            .suspend(|| ask(&question))
            .map_err(|error| Error::new(Code::Environment, format!("the terminal cannot be read: {error}")))?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(not_confirmed("nothing was changed: the question was not answered with yes")),
        }
    }
}

fn ask(question: &str) -> std::io::Result<String> {
    let mut terminal = std::io::stderr().lock();
    terminal.write_all(question.as_bytes())?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer)
}

/// A refused plan as an error: the first refusal, and how many more there are.
fn refused(first: &Refusal, all: &[Refusal]) -> Error {
    let more = match all.len() {
        1 => String::new(),
        n => format!(" (and {} more, shown above)", n - 1),
    };
    Error::new(first.code, format!("{} is refused: {}{more}", first.resource, first.reason))
        .on(&first.resource.name)
        .hint(&first.hint)
}

/// The steps on the display.
struct Shown<'a> {
    progress: &'a Progress,
    running: Mutex<HashMap<usize, crate::output::Step>>,
}

impl<'a> Shown<'a> {
    fn new(progress: &'a Progress) -> Self {
        Self { progress, running: Mutex::default() }
    }

    fn show(&self, event: Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let (verb, resource) = (event.step.verb, &event.step.resource);
        match event.what {
            What::Started => {
                running.insert(event.index, self.progress.begin(format!("{verb} {resource}")));
            }
            What::Waiting { why, .. } => {
                if let Some(step) = running.get(&event.index) {
                    step.waiting(format_args!("waiting for {why}"));
                }
            }
            What::Done { .. } => {
                if let Some(step) = running.remove(&event.index) {
                    step.done(format_args!("{} {resource}", past(verb)));
                }
            }
            What::Failed { .. } => {
                if let Some(step) = running.remove(&event.index) {
                    step.failed();
                }
            }
        }
    }
}
