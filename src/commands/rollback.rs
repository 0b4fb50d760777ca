//! `setup --rollback`: removes what a failed run made, and nothing else.

use std::collections::BTreeSet;

use super::Context;
use super::steps::Steps;
use crate::apply::apply;
use crate::aws::{Depth, Options, Session, Stop, observe};
use crate::error::Result;
use crate::plan::{self, Action, Plan, ResourceId, TeardownOptions, Verb};
use crate::stack::{FilterSpec, Stack};

/// Removes what `plan` was to create, as far as it exists, and says how many resources that were.
///
/// What existed before the run is not in the plan as a creation and so is never removed; an update stays updated.
pub(super) async fn undo(context: Context<'_>, stack: &Stack, plan: &Plan) -> Result<usize> {
    // A stop that ended the run must not end its rollback; a second one still ends the process.
    let session = Session::open(Options { stop: Stop::new(), ..context.aws.clone() }).await?;
    let groups: Vec<String> = filters(plan).map(|filter| filter.log_group.clone()).collect();
    let (_, observed) = observe(&session, &stack.name, &groups, Depth::Stack).await?;
    let created: BTreeSet<&ResourceId> =
        plan.steps.iter().filter(|step| step.verb == Verb::Create).map(|step| &step.resource).collect();
    let filter_name = filters(plan).map(|filter| filter.name.clone()).next();
    let mut undo = plan::teardown(stack, &observed, &TeardownOptions { force: false, filter_name });
    undo.steps.retain(|step| created.contains(&step.resource));
    let steps = Steps::new(context.progress, &undo);
    apply(&session, &undo, &|event| steps.show(event)).await.map_err(|failure| failure.error)?;
    Ok(undo.steps.len())
}

/// The filters that the plan was to put.
fn filters(plan: &Plan) -> impl Iterator<Item = &FilterSpec> {
    plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::PutFilter(put) | Action::ReplaceFilter { put, .. } => Some(&**put),
        _ => None,
    })
}
