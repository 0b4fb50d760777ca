//! `cwl2le plan`: what `setup` would do, and nothing else.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::error::{Exit, Result};
use crate::flags::{Change, Detail};
use crate::output::{Next, hanging, visible, width};
use crate::settings::Wanted;
use crate::workflow::apply_plan::Run;
use crate::workflow::old_versions;
use crate::workflow::plan_stack::{Planned, check_flags, open};
use crate::workflow::plan_wanted::plan_wanted;
use crate::workflow::saved_plan::{SavedPlan, must_be_replaceable};
use crate::workflow::{ChangeReport, Context, unknown_stack};

/// Show what `setup` would change (exit code 8 if anything)
#[derive(Debug, Clone, Args)]
#[command(alias = "diff")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub wanted: Wanted,
    #[command(flatten)]
    pub detail: Detail,
    /// Save the plan in this file, for `cwl2le setup FILE`
    ///
    /// `setup FILE` makes exactly these changes, and refuses if anything else would be done by then. The file holds no
    /// secret, and only you can read it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The plan, and the file that it is saved in.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PlanReport {
    /// The changes.
    #[serde(flatten)]
    pub change: ChangeReport,
    /// The file of `--out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_file: Option<String>,
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(file) = &self.plan_file else { return write!(f, "{}", self.change) };
        // What to run next stands last.
        let next = &self.change.next;
        let saved = format!("Saved in {}.", visible(file));
        let change = ChangeReport { next: Next::new(), ..self.change.clone() };
        write!(f, "{change}\n\n{}", hanging("", &saved, width()))?;
        if next.is_empty() { Ok(()) } else { write!(f, "\n\n{next}") }
    }
}

impl Verb for Plan {
    type Report = PlanReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("What would `setup` change?", "cwl2le plan"),
            ("For another stack and file", "cwl2le plan --stack blue --config blue.toml"),
            ("Save it for review; `cwl2le setup plan.json` applies it", "cwl2le plan --out plan.json"),
            ("Find drift in a pipeline: exit code 8 if there is any", "cwl2le plan --quiet --output json"),
        ],
        page: Some("plans.md"),
    };

    fn facts(&self) -> Facts<'_> {
        let alone = self.out.as_ref().map(|_| "a plan file holds the plan of one stack");
        Facts { alone, ..Facts::of_settings(&self.wanted, Policy::everyday()) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        if let Some(file) = &self.out {
            must_be_replaceable(file)?;
        }
        check_flags(context, &self.wanted).await?;
        let session = open(context, &self.wanted).await?;
        let planned = plan_wanted(context, &session, &self.wanted, None).await;
        let Planned { stack, mut plan, is_new, .. } =
            planned.inspect_err(|_| context.show_account(&session))?;
        if is_new {
            plan.notes.extend(unknown_stack::similar(&session, &stack.name).await);
        }
        if old_versions::are_all(&plan.steps) && plan.refused.is_empty() {
            plan.notes.push(
                "the stack is as it should be; `cwl2le setup` deletes the versions that nothing needs"
                    .to_owned(),
            );
        }
        let change = Change { yes: false, dry_run: true, detail: self.detail };
        let run = Run::new(context, &session, &stack, &change, "plan");
        let save = |file: &PathBuf| SavedPlan::of(file, context, &self.wanted, &stack, &plan);
        // A plan that is refused is not saved.
        let saved = self.out.as_ref().filter(|_| plan.refused.is_empty()).map(save).transpose()?;
        let again = async |at| Ok(plan_wanted(context.silent(), &session, &self.wanted, at).await?.plan);
        let mut change = run.carry_out(plan, again).await?;
        let Some(saved) = saved else { return Ok(PlanReport { change, plan_file: None }) };
        saved.write()?;
        if change.changed {
            change.next = saved.next(context.command_line);
        }
        Ok(PlanReport { change, plan_file: Some(saved.name()) })
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        let is_pending = report.change.changed && !old_versions::are_all(&report.change.changes);
        if is_pending { Exit::Pending } else { Exit::Success }
    }
}
