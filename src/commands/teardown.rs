//! `cwl2le teardown`: removes everything that is ours.

use super::Context;
use crate::aws::{Depth, observe};
use crate::cli::Teardown;
use crate::error::{Error, Result};
use crate::plan::{self, TeardownOptions};
use crate::settings;
use crate::workflow::ChangeReport;
use crate::workflow::apply_plan::Run;

pub(crate) async fn run(context: Context<'_>, args: &Teardown) -> Result<ChangeReport> {
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let options = TeardownOptions { force: args.force, filter_name: args.filter_name.clone() };
    let decide = async || {
        let (scope, observed) = observe(&session, &name, &[], Depth::Everything).await?;
        let stack = settings::bare_stack(&name, &session.target, scope, &observed);
        let plan = plan::name_losses(&stack, &observed, plan::teardown(&stack, &observed, &options));
        Ok::<_, Error>((stack, plan))
    };
    let (stack, plan) = decide().await?;
    let run = Run::new(context, &session, &stack, &args.change, "teardown");
    run.carry_out(plan, async |_| Ok(decide().await?.1)).await
}
