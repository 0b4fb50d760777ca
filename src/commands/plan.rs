//! `cwl2le plan`: what `setup` would do, and nothing else.

use clap::Args;

use super::manual::Manual;
use super::verb::{Facts, Policy, Verb};
use crate::error::{Exit, Result};
use crate::flags::{Change, Detail};
use crate::settings::Wanted;
use crate::workflow::apply_plan::Run;
use crate::workflow::plan_stack::{Planned, check_flags, open, plan_stack};
use crate::workflow::{ChangeReport, Context};

/// Show what `setup` would change (exit code 8 if anything)
#[derive(Debug, Clone, Args)]
#[command(alias = "diff")]
pub(crate) struct Plan {
    #[command(flatten)]
    pub wanted: Wanted,
    #[command(flatten)]
    pub detail: Detail,
}

impl Verb for Plan {
    type Report = ChangeReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("What would `setup` change?", "cwl2le plan"),
            ("For another stack and file", "cwl2le plan --stack blue --config blue.toml"),
            ("Find drift in a pipeline: exit code 8 if there is any", "cwl2le plan --quiet --output json"),
        ],
        page: Some("plans.md"),
    };

    fn facts(&self) -> Facts<'_> {
        Facts::of_settings(&self.wanted, Policy::everyday())
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        check_flags(context, &self.wanted).await?;
        let session = open(context, &self.wanted).await?;
        let planned = plan_stack(context, &session, &self.wanted, None).await;
        let Planned { stack, plan, .. } = planned.inspect_err(|_| context.show_account(&session))?;
        let change = Change { yes: false, dry_run: true, detail: self.detail };
        let run = Run::new(context, &session, &stack, &change, "plan");
        run.carry_out(plan, async |at| {
            Ok(plan_stack(context.silent(), &session, &self.wanted, at).await?.plan)
        })
        .await
    }

    fn exit(&self, report: &Self::Report) -> Exit {
        if report.changed { Exit::Pending } else { Exit::Success }
    }
}
