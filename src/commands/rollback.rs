//! `cwl2le rollback`: makes the versions live again that the last change replaced.

use std::fmt;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::aws::{Notice, Session};
use crate::error::{Error, Exit, Result};
use crate::flags::{Change, StackArg};
use crate::output::quantity::stopwatch;
use crate::output::style::{BOLD, GOOD};
use crate::output::{Next, hanging, width};
use crate::resources::{Depth, Observed, Plan, Stack, Unread, alias, managed, observe_what_is_allowed};
use crate::settings;
use crate::workflow::apply_plan::Run;
use crate::workflow::upgrade::{Moved, moved, versions};
use crate::workflow::{ChangeReport, Context, reading, unknown_stack};

/// Go back to the versions of the functions that ran before the last change
///
/// Takes about a second: nothing is uploaded. A version has its code and its configuration, so destinations and routes
/// go back, too. `setup` does not undo a rollback unless something else changes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub stack: StackArg,
    #[command(flatten)]
    pub change: Change,
    /// Version of the main function to go back to [default: the one that the last change replaced]
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u64).range(1..))]
    pub to: Option<u64>,
}

/// The result of `rollback`.
#[derive(Debug, Serialize)]
pub(crate) struct RollbackReport {
    /// The changes.
    #[serde(flatten)]
    pub change: ChangeReport,
    /// The functions that went back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Moved>,
}

impl Verb for Rollback {
    type Report = RollbackReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Undo the last change of the forwarder", "cwl2le rollback"),
            ("Show what would change", "cwl2le rollback --dry-run"),
            ("Go further back, without a question", "cwl2le rollback --to 5 --yes"),
        ],
        page: Some("upgrade.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_stack(&self.stack, Policy::operator())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let session = context.session().await?;
        let (stack, plan) = self.plan(context, &session).await?;
        let versions = moved(&stack, &plan);
        let run = Run::new(context, &session, &stack, &self.change, "rollback");
        let again = async |_| Ok(self.plan(context.silent(), &session).await?.1);
        let mut change = run.carry_out(plan, again).await?;
        if change.changed && !change.dry_run && !change.cancelled {
            let line = context.command_line;
            let next = Next::new()
                .then(line.of_stack("test"), "send one line through the chain")
                .then(line.of_stack("versions"), "see which versions there are");
            // With --to one can go forward as well.
            change.next = match versions.iter().any(|moved| moved.from > Some(moved.to)) {
                true => next.then(line.of_stack("upgrade"), "try the new version again"),
                false => next,
            };
        }
        Ok(RollbackReport { change, versions })
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.change.exit()
    }
}

/// Maximum time for one read.
const LIMIT: Duration = Duration::from_secs(30);

impl Rollback {
    async fn plan(&self, context: Context<'_>, session: &Session) -> Result<(Stack, Plan)> {
        let (stack, observed) = self.look(context, session, Depth::Stack).await?;
        if observed.function.is_none() {
            return Err(unknown_stack::no_function(context, session, &stack).await);
        }
        let mut plan = alias::rollback(&stack, &observed, self.to);
        if !alias::must_see_pins_of(&plan, &stack, &observed, self.to) {
            managed::warn_of_rollback(&observed, &mut plan);
            return Ok((stack, plan));
        }
        let (stack, observed) = self.look(context, session, Depth::Everything).await?;
        let mut plan = alias::rollback(&stack, &observed, self.to);
        managed::warn_of_rollback(&observed, &mut plan);
        Ok((stack, plan))
    }

    /// Reads what there is. Whoever is called at night may not be allowed to read all of it, so only what a rollback
    /// depends on must be readable.
    async fn look(&self, context: Context<'_>, session: &Session, depth: Depth) -> Result<(Stack, Observed)> {
        let name = context.stack(&self.stack);
        let step = context.progress.begin("reading the versions");
        let notice = |notice: Notice<'_>| reading::tell(&step, notice);
        let (scope, mut observed, mut unread) =
            observe_what_is_allowed(session.telling(&notice), &name, depth, LIMIT).await?;
        let needs: &[Unread] = match depth {
            Depth::Everything => {
                &[Unread::Function, Unread::Isolated, Unread::LogGroups, Unread::AccountPolicy]
            }
            _ => &[Unread::Function, Unread::Isolated],
        };
        match needs.iter().find_map(|what| unread.remove(what)) {
            Some(error) => Err(error),
            None => {
                // Nobody knows how old a record may be of a stream that could not be read.
                observed.time = observed.stream.as_ref().map(|_| session.time());
                Ok::<_, Error>((settings::bare_stack(&name, &session.target, scope, &observed), observed))
            }
        }
    }
}

impl fmt::Display for RollbackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChangeReport { dry_run, cancelled, changed, seconds, next, .. } = &self.change;
        if *dry_run || *cancelled || !changed {
            return self.change.fmt(f);
        }
        let live = versions(self.versions.iter().map(|moved| (moved, Some(moved.to))));
        let (verb, took) = (if self.versions.len() == 1 { "is" } else { "are" }, stopwatch(*seconds));
        let bold = format!("{GOOD}{BOLD}Rolled back.{BOLD:#}{GOOD:#}");
        f.write_str(&hanging("", &format!("{bold} Now {live} {verb} live, after {took}."), width()))?;
        write!(f, "\n\n{next}")
    }
}
