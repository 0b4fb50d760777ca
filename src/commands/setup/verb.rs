//! `cwl2le setup`: creates or updates the whole chain.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::alarms;
use super::receipts;
use super::report::SetupReport;
use super::saved;
use crate::aws::{Notice, Session};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Reads, Verb};
use crate::error::{Error, Exit, Result};
use crate::flags::Change;
use crate::output::Next;
use crate::resources::Stack;
use crate::resources::alias::LIVE;
use crate::resources::function::aws as lambda;
use crate::settings::{Wanted, membership};
use crate::workflow::apply_plan::Run;
use crate::workflow::canary::{Canary, CanaryReport, Via};
use crate::workflow::completed::completed;
use crate::workflow::member::with_command;
use crate::workflow::plan_stack::{Planned, check_flags, open};
use crate::workflow::plan_wanted::plan_wanted;
use crate::workflow::saved_plan::SavedPlan;
use crate::workflow::{Context, unknown_stack};

/// How long the line of `--test` is followed.
const TEST: Duration = Duration::from_secs(60);

/// Create or update the chain in your account
///
/// Creates what is missing of the stream, the roles, the function with its log group, and the event source mapping;
/// updates what differs from the flags and from cwl2le.toml; subscribes log groups. Shows the plan and asks first. Run it
/// again at any time: when nothing differs, it changes nothing.
#[derive(Debug, Clone, Args)]
#[command(aliases = ["apply", "deploy"])]
pub(crate) struct Setup {
    #[command(flatten)]
    pub wanted: Wanted,
    #[command(flatten)]
    pub change: Change,
    /// If this run fails, delete what it created
    #[arg(long, hide_short_help = true)]
    pub rollback: bool,
    /// When the chain is set up, send a test line through it
    ///
    /// As `cwl2le test` does. If the line does not arrive, what was set up stays, and the exit code is 9.
    #[arg(long)]
    pub test: bool,
    /// Plan that `cwl2le plan --out FILE` saved
    ///
    /// Makes exactly the changes in it. The plan is shown and asked about like any other, so a pipeline adds --yes. It is
    /// refused if it would do anything else by now, and for another account, region, token or version of cwl2le.
    #[arg(value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

impl Verb for Setup {
    type Report = SetupReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Create the chain, with a log group", "cwl2le setup --token-file token.txt -g /aws/lambda/app"),
            ("Apply cwl2le.toml in a pipeline, and send a test line", "cwl2le setup --yes --test"),
            ("Apply a plan that was reviewed: see `cwl2le plan --out`", "cwl2le setup plan.json"),
            ("Keep the token out of the function's configuration", "cwl2le setup --token-ssm /cwl2le/token"),
        ],
        page: Some("plans.md"),
    };

    fn facts(&self) -> Facts<'_> {
        let facts = Facts::of_settings(&self.wanted, Policy::operator());
        // The plan holds the stack and the configuration. No policy is made for them.
        match self.plan {
            Some(_) => Facts { stack: None, reads: Reads::Nothing, policy: None, ..facts },
            None => facts,
        }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        match &self.plan {
            Some(file) => {
                let reviewed = saved::read(context, file, &self.wanted.destination)?;
                let context = Context {
                    aws: &reviewed.options,
                    file: reviewed.configuration.as_ref(),
                    command_line: &reviewed.command_line,
                    ..context
                };
                let ran = Box::pin(self.carry_out(context, &reviewed.wanted, Some(&reviewed.plan))).await;
                ran.map_err(|error| completed(error, &reviewed.command_line))
            }
            None => Box::pin(self.carry_out(context, &self.wanted, None)).await,
        }
    }

    fn brief(&self, report: &Self::Report) -> Option<String> {
        report.change.brief().filter(|_| report.test.is_none())
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        report.exit()
    }
}

impl Setup {
    /// Plans what these settings want and makes the changes; where a plan was saved, only if they are those in it.
    async fn carry_out(
        &self,
        context: Context<'_>,
        wanted: &Wanted,
        saved: Option<&SavedPlan>,
    ) -> Result<SetupReport> {
        // Mistakes in the flags are reported before any call.
        check_flags(context, wanted).await?;
        let is_member = membership(&wanted.member, context.file)?.is_some();
        if is_member && self.test {
            return Err(Error::usage(
                "--test sends a line through a stream, and a member account has none",
                "leave it out; `cwl2le status` shows whether log groups send to the destination",
            ));
        }
        let session = open(context, wanted).await?;
        if let Some(saved) = saved {
            saved.must_be_for(&session)?;
        }
        let planned = plan_wanted(context, &session, wanted, None).await;
        let planned = planned.inspect_err(|_| context.show_account(&session))?;
        if let Some(saved) = saved {
            saved::must_fit(saved, context, &session, wanted, &planned).await?;
        }
        let Planned { stack, mut plan, empty_sections, is_new } = planned;
        // Whoever has said yes already, or has reviewed the plan, does not wait for it.
        if is_new && !self.change.yes && saved.is_none() {
            plan.notes.extend(unknown_stack::similar(&session, &stack.name).await);
        }
        let run = Run {
            rollback: self.rollback,
            empty_sections,
            ..Run::new(context, &session, &stack, &self.change, "setup")
        };
        let again = async |at| Ok(plan_wanted(context.silent(), &session, wanted, at).await?.plan);
        let carried_out = run.carry_out(plan, again).await;
        let mut report = carried_out.map_err(|error| with_command(error, context.command_line))?;
        if !is_member && !report.changed && !report.cancelled && !report.dry_run {
            start_functions(context, &session, &stack).await?;
            report.calls = session.calls();
            report.seconds = context.stopwatch.seconds();
        }
        if let Some(config) = stack.function.config.as_ref().filter(|_| report.changed && !report.dry_run) {
            let mut advice = receipts::advice(config).await;
            if is_new {
                advice.extend(alarms::offer(&stack, context.command_line));
            }
            advice.iter().for_each(|line| context.note(line));
            report.notes.extend(advice);
        }
        let is_set_up = !report.dry_run && !report.cancelled;
        let test =
            if self.test && is_set_up { Some(Box::pin(test(context, &session, &stack)).await) } else { None };
        if test.is_some() {
            // It says what to do itself.
            report.next = Next::new();
        }
        Ok(SetupReport { change: report, test })
    }
}

/// Sends a line through the chain.
async fn test(context: Context<'_>, session: &Session, stack: &Stack) -> Result<CanaryReport> {
    let canary = Canary {
        context,
        session,
        stack: &stack.name,
        via: Via::default(),
        log_group: None,
        destinations: &[],
        timeout: TEST,
        keep: false,
    };
    canary.run().await
}

/// Starts the functions although nothing changed: an earlier run may have ended because one could not start, or a
/// secret may have been deleted since.
async fn start_functions(context: Context<'_>, session: &Session, stack: &Stack) -> Result<()> {
    for function in stack.functions() {
        let step = context.progress.begin(format!("check function {function}"));
        let notice = |notice: Notice<'_>| {
            if let Notice::Waiting { why, .. } = notice {
                step.waiting(format_args!("waiting for {why}"));
            }
        };
        match lambda::start_function(session.telling(&notice), &format!("{function}:{LIVE}")).await {
            Ok(()) => step.done(format_args!("checked function {function}")),
            Err(error) => {
                step.failed();
                return Err(error);
            }
        }
    }
    Ok(())
}
