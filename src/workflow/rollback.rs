//! `setup --rollback`: removes what a failed run made, and nothing else.

use std::collections::BTreeSet;

use super::context::Context;
use super::steps::Steps;
use crate::apply::{Applied, Creation, apply};
use crate::aws::{Options, Session, Stop};
use crate::error::Result;
use crate::resources::{
    self, Action, Depth, FilterSpec, Kind, Plan, ResourceId, Stack, TeardownOptions, observe,
};

/// What a rollback came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Undone {
    /// How many resources were removed.
    pub(crate) removed: usize,
    /// Whether the rest of what this run made stays, because another run works on the same stack.
    pub(crate) shared: bool,
}

/// Removes what this run's own calls made, as far as it exists.
///
/// What existed before the run, or what another run made at the same time, is never removed; an update stays updated. Where
/// another run is at work on the stack, only subscriptions go: the two runs' resources need each other.
pub(crate) async fn undo(
    context: Context<'_>,
    stack: &Stack,
    plan: &Plan,
    applied: &Applied,
) -> Result<Undone> {
    let made: BTreeSet<&ResourceId> =
        applied.creations().filter(|(_, became)| *became != Creation::Found).map(|(id, _)| id).collect();
    let found = applied.creations().any(|(_, became)| became == Creation::Found);
    if made.is_empty() {
        return Ok(Undone { removed: 0, shared: found });
    }
    // A stop that ended the run must not end its rollback; a second one still ends the process.
    let session = Session::open(Options { stop: Stop::new(), ..context.aws.clone() }).await?;
    let groups: Vec<String> = filters(plan).map(|filter| filter.log_group.clone()).collect();
    // Before a stream goes, every log group is looked at: another run may have led one into it.
    let made_stream = made.iter().any(|id| id.kind == Kind::Stream);
    let depth = if made_stream { Depth::Everything } else { Depth::Stack };
    let (_, observed) = observe(&session, &stack.name, &groups, depth).await?;
    let filter_name = filters(plan).map(|filter| filter.name.clone()).next();
    let mut undo = resources::teardown(stack, &observed, &TeardownOptions { force: false, filter_name });
    let mut subscriptions = undo.steps.iter().map(|step| &step.resource).filter(|id| is_subscription(id));
    let shared = found || (made_stream && subscriptions.any(|id| !made.contains(id)));
    undo.steps.retain(|step| made.contains(&step.resource) && (!shared || is_subscription(&step.resource)));
    let steps = Steps::new(context.progress, &undo);
    apply(&session, &undo, &|event| steps.show(event)).await.map_err(|failure| failure.error)?;
    Ok(Undone { removed: undo.steps.len(), shared })
}

fn is_subscription(id: &ResourceId) -> bool {
    matches!(id.kind, Kind::SubscriptionFilter | Kind::AccountPolicy)
}

/// The filters that the plan was to put.
fn filters(plan: &Plan) -> impl Iterator<Item = &FilterSpec> {
    plan.steps.iter().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::PutFilter(put) | Action::ReplaceFilter { put, .. } => Some(&**put),
        _ => None,
    })
}
