//! The way of every command that changes something: show, refuse, ask, apply, report.

use std::io::{BufRead, IsTerminal, Write};

use super::steps::Steps;
use super::{ChangeReport, Context, rollback};
use crate::apply::{ApplyError, apply};
use crate::aws::Session;
use crate::cli::Change;
use crate::error::{Code, Error, Failure, Result};
use crate::plan::{Plan, Refusal};
use crate::stack::Stack;

/// A change on its way.
pub(super) struct Run<'a> {
    pub(super) context: Context<'a>,
    pub(super) session: &'a Session,
    pub(super) stack: &'a Stack,
    pub(super) change: &'a Change,
    pub(super) command: &'static str,
    /// Delete what this run made, if it fails.
    pub(super) rollback: bool,
    /// Do what can be done where something is refused, and report the rest as failed.
    pub(super) wide: bool,
}

impl<'a> Run<'a> {
    /// A run that does all or nothing and keeps what it made.
    pub(super) fn new(
        context: Context<'a>,
        session: &'a Session,
        stack: &'a Stack,
        change: &'a Change,
        command: &'static str,
    ) -> Self {
        Self { context, session, stack, change, command, rollback: false, wide: false }
    }

    /// Carries out a plan: the very value that is shown.
    pub(super) async fn carry_out(&self, mut plan: Plan) -> Result<ChangeReport> {
        // A dry run reports the plan on standard output.
        // The error says all of a single refusal.
        if (!plan.is_empty() && !self.change.dry_run && plan.refused.len() != 1) || plan.refused.len() > 1 {
            self.context.note(&plan.to_string());
        } else if !self.change.dry_run {
            plan.notes.iter().for_each(|note| self.context.note(note));
        }
        let left_out = if self.wide { std::mem::take(&mut plan.refused) } else { Vec::new() };
        if let Some(first) = plan.refused.first() {
            let error = refused(first, &plan.refused);
            let plan = serde_json::to_value(&plan).ok().map(Box::new);
            return Err(Error { plan, ..error });
        }
        if !self.change.dry_run && !plan.is_empty() {
            self.confirm(&plan).await?;
            let steps = Steps::new(self.context.progress, &plan);
            if let Err(failure) = apply(self.session, &plan, &|event| steps.show(event)).await {
                let error = self.failed(&plan, *failure).await;
                return Err(Error { failed: [error.failed, failures(&left_out)].concat(), ..error });
            }
        }
        match left_out.first() {
            Some(first) if !self.change.dry_run => Err(partial(first, &left_out, plan.steps.len())),
            _ => {
                plan.refused = left_out;
                Ok(self.report(plan))
            }
        }
    }

    /// The error to end with, after what this run made has been removed where that was asked for.
    async fn failed(&self, plan: &Plan, failure: ApplyError) -> Error {
        if !self.rollback {
            return failure.into_error(self.command);
        }
        self.context.note("rolling back what this run made");
        match rollback::undo(self.context, self.stack, plan).await {
            Ok(removed) => {
                let hint = failure.error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
                failure.error.hint(format!("rolled back: {removed} resource(s) of this run removed{hint}"))
            }
            Err(error) => {
                let so_far = failure.into_error(self.command);
                let hint = so_far.hint.clone().unwrap_or_default();
                so_far.hint(format!("the rollback failed, too: {error}; {hint}"))
            }
        }
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
            refused: plan.refused,
            notes: plan.notes,
            calls: self.session.calls(),
            seconds: self.context.started.elapsed().as_secs_f64(),
        }
    }

    /// Asks on a terminal. Elsewhere nobody can answer: what adds goes on, what removes a stack needs `--yes`.
    async fn confirm(&self, plan: &Plan) -> Result<()> {
        if self.change.yes {
            return Ok(());
        }
        let not_confirmed = |message: &str| {
            Error::new(Code::NotConfirmed, message)
                .hint(format!("run `cwl2le {} --yes` to go on without being asked", self.command))
        };
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return match self.command {
                "teardown" => {
                    Err(not_confirmed("teardown removes resources and nobody is there to confirm it"))
                }
                _ => Ok(()),
            };
        }
        let question = match self.command {
            "teardown" => format!("Remove these {} resources? [y/N] ", plan.steps.len()),
            _ => "Make these changes? [y/N] ".to_owned(),
        };
        let asked = tokio::task::spawn_blocking(move || ask(&question));
        let answer = tokio::select! {
            () = self.context.stop.wait() => return Err(Error::new(Code::Interrupted, "stopped; nothing was changed")),
            answer = asked => answer.map_err(std::io::Error::other).flatten(),
        };
        let answer = answer.map_err(|error| {
            Error::new(Code::Environment, format!("the terminal cannot be read: {error}"))
        })?;
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _ => Err(not_confirmed("nothing was changed: the question was not answered with yes")),
        }
    }
}

fn ask(question: &str) -> std::io::Result<String> {
    // Not locked while it waits: Ctrl-C ends the wait elsewhere, and what is said then goes to standard error as well.
    std::io::stderr().write_all(question.as_bytes())?;
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer)
}

fn failures(refused: &[Refusal]) -> Vec<Failure> {
    let failure = |r: &Refusal| Failure {
        resource: r.resource.name.clone(),
        code: r.code,
        message: r.reason.clone(),
        hint: Some(r.hint.clone()),
    };
    refused.iter().map(failure).collect()
}

/// What could not be done though the rest is done.
fn partial(first: &Refusal, all: &[Refusal], done: usize) -> Error {
    let error =
        Error::new(Code::Partial, format!("{} of {} log groups cannot be done", all.len(), all.len() + done))
            .hint(&first.hint);
    Error { failed: failures(all), ..error }
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
