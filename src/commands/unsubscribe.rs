//! `cwl2le unsubscribe`: detaches log groups.

use std::time::Instant;

use super::change::Run;
use super::groups::choose;
use super::{ChangeReport, Context};
use crate::cli::Unsubscribe;
use crate::config;
use crate::error::{Code, Error, Result};
use crate::plan;

pub(crate) async fn run(context: Context<'_>, args: &Unsubscribe) -> Result<ChangeReport> {
    let started = Instant::now();
    let session = context.session().await?;
    let name = context.stack(&args.stack);
    let chosen = choose(context, &session, &name, &args.groups).await?;
    let observed = chosen.observed;
    if let Some(unknown) = chosen.log_groups.iter().find(|group| !observed.groups.contains_key(*group)) {
        return Err(Error::new(
            Code::UnknownLogGroup,
            format!("there is no log group `{unknown}` in {}", session.target.region),
        )
        .on(unknown)
        .hint("check the name and the region; names are case-sensitive and mostly begin with a slash"));
    }
    let stack = config::bare_stack(&name, &session.target, chosen.scope, &observed);
    let plan = plan::unsubscribe(&stack, &chosen.log_groups, &observed, args.filter_name.as_deref());
    let run = Run {
        context,
        session: &session,
        stack: &stack,
        change: &args.change,
        command: "unsubscribe",
        started,
        rollback: false,
        wide: chosen.wide,
    };
    run.carry_out(plan).await
}
