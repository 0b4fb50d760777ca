//! `cwl2le plan`: what `setup` would do, and nothing else.

use super::Context;
use crate::cli::{Change, PlanArgs};
use crate::error::Result;
use crate::workflow::ChangeReport;
use crate::workflow::apply_plan::Run;
use crate::workflow::plan_stack::{Planned, check_flags, plan_stack};

pub(crate) async fn run(context: Context<'_>, args: &PlanArgs) -> Result<ChangeReport> {
    check_flags(context, &args.wanted).await?;
    let session = context.session().await?;
    let Planned { stack, plan, .. } = plan_stack(context, &session, &args.wanted, None).await?;
    let change = Change { yes: false, dry_run: true };
    let run = Run::new(context, &session, &stack, &change, "plan");
    run.carry_out(plan, async |at| Ok(plan_stack(context.silent(), &session, &args.wanted, at).await?.plan))
        .await
}
