//! `cwl2le setup`: brings the account to what is wanted.

use super::change::Run;
use super::wanted::{Planned, plan_stack};
use super::{ChangeReport, Context, closing};
use crate::cli::Setup;
use crate::config;
use crate::error::Result;

pub(crate) async fn run(context: Context<'_>, args: &Setup) -> Result<ChangeReport> {
    // What is wrong here needs no account to be found out.
    config::check_flags(&args.wanted)?;
    let session = context.session().await?;
    let Planned { stack, plan, empty_sections } = plan_stack(context, &session, &args.wanted, None).await?;
    let run = Run {
        rollback: args.rollback,
        empty_sections,
        ..Run::new(context, &session, &stack, &args.change, "setup")
    };
    let again = async |at| Ok(plan_stack(context.silent(), &session, &args.wanted, at).await?.plan);
    let mut report = run.carry_out(plan, again).await?;
    if let Some(config) = stack.function.config.as_ref().filter(|_| report.changed && !report.dry_run) {
        let advice = closing::advice(config).await;
        advice.iter().for_each(|line| context.note(line));
        report.notes.extend(advice);
    }
    Ok(report)
}
