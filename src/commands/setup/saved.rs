//! `setup FILE`: the changes of a saved plan, if they are still those that were reviewed.

use std::path::Path;

use crate::aws::{Options, Session};
use crate::error::{Error, Result};
use crate::flags::{CommandLine, DestinationArgs};
use crate::settings::{File, Wanted};
use crate::workflow::Context;
use crate::workflow::apply_plan::is_alike;
use crate::workflow::plan_stack::Planned;
use crate::workflow::plan_wanted::plan_wanted;
use crate::workflow::saved_plan::{SavedPlan, settings_beside};

/// A saved plan, and what it is made from: everything but the token, the credentials and how to ask.
pub(super) struct Reviewed {
    pub(super) plan: SavedPlan,
    pub(super) configuration: Option<File>,
    pub(super) wanted: Wanted,
    pub(super) options: Options,
    /// The command line, for commands that are proposed.
    pub(super) command_line: CommandLine,
}

/// Reads the plan in a file, with the token that this run gives.
///
/// # Errors
/// It is no plan, or cannot be used here: see [`SavedPlan`].
pub(super) fn read(context: Context<'_>, file: &Path, token: &DestinationArgs) -> Result<Reviewed> {
    let plan = SavedPlan::read(file)?;
    if let Some(flag) = settings_beside(context)?.first() {
        let message = format!("a plan file holds every setting, so {flag} cannot be given with it");
        let hint = "leave the flag out, or make a new plan with it: `cwl2le plan --out FILE`";
        return Err(Error::usage(message, hint).on(plan.name()));
    }
    context.live.envelope().set_stack(plan.stack());
    let configuration = plan.file()?;
    let wanted = plan.wanted(token)?;
    let options = plan.options(context.aws, configuration.as_ref(), |name| std::env::var(name).ok())?;
    let command_line = plan.command_line(context.command_line);
    context.note(&plan.about());
    Ok(Reviewed { plan, configuration, wanted, options, command_line })
}

/// Checks that a plan is still the one that was reviewed. Times in it count from when it was made, so it is made again
/// for then; the one that is applied must make the same changes.
///
/// # Errors
/// [`crate::error::Code::Changed`]: it is not.
pub(super) async fn must_fit(
    saved: &SavedPlan,
    context: Context<'_>,
    session: &Session,
    wanted: &Wanted,
    planned: &Planned,
) -> Result<()> {
    if saved.planned_at().is_none() || planned.plan.is_empty() {
        return saved.must_fit(context, &planned.stack, &planned.plan);
    }
    let then = plan_wanted(context.silent(), session, wanted, saved.planned_at()).await?;
    saved.must_fit(context, &then.stack, &then.plan)?;
    if is_alike(&then.plan, &planned.plan) { Ok(()) } else { Err(saved.changed(context, &planned.plan)) }
}
