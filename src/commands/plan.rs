//! `cwl2le plan`: what `setup` would do, and nothing else.

use clap::Args;

use super::verb::{Facts, Policy, Verb};
use crate::error::{Exit, Result};
use crate::flags::{Change, Detail};
use crate::settings::Wanted;
use crate::workflow::apply_plan::Run;
use crate::workflow::plan_stack::{Planned, check_flags, open, plan_stack};
use crate::workflow::{ChangeReport, Context};

/// Show what `setup` would change, and change nothing; exit code 8 where there is something to change
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub wanted: Wanted,
    #[command(flatten)]
    pub detail: Detail,
}

impl Verb for Plan {
    type Report = ChangeReport;

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
