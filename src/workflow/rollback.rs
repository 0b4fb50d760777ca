//! `setup --rollback`: removes what a failed run made, and nothing else.

use std::collections::BTreeSet;

use super::applying::applying;
use super::context::Context;
use super::events::Events;
use crate::apply::{Applied, Creation};
use crate::aws::{Options, Session, Stop};
use crate::error::Result;
use crate::resources::filter::plan::filter_put;
use crate::resources::{self, Depth, FilterSpec, Kind, Plan, ResourceId, Stack, TeardownOptions, observe};

/// The result of a rollback.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Undone {
    /// How many resources were removed.
    pub(crate) removed: usize,
    /// Whether the rest of what this run made stays, because another run works on the same stack.
    pub(crate) shared: bool,
}

/// Removes the resources that this run created, as far as they exist.
///
/// Never removes what existed before or what another run made at the same time, and reverts no update. If another run
/// works on the same stack, it removes only subscriptions: both runs need the resources of each other.
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
    // The stop that ended the run must not end its rollback. A second Ctrl-C still ends the process.
    let session = Session::open(Options { stop: Stop::new(), ..context.aws.clone() }).await?;
    let groups: Vec<String> = filters(plan).map(|filter| filter.log_group.clone()).collect();
    // Before a stream is deleted, every log group is read: another run may have subscribed one to it.
    let made_stream = made.iter().any(|id| id.kind == Kind::STREAM);
    let depth = if made_stream { Depth::Everything } else { Depth::Stack };
    let (_, observed) = observe(&session, &stack.name, &groups, depth).await?;
    let filter_name = filters(plan).map(|filter| filter.name.clone()).next();
    let mut undo = resources::teardown(stack, &observed, &TeardownOptions { force: false, filter_name });
    let mut subscriptions = undo.steps.iter().map(|step| &step.resource).filter(|id| is_subscription(id));
    let shared = found || (made_stream && subscriptions.any(|id| !made.contains(id)));
    undo.steps.retain(|step| made.contains(&step.resource) && (!shared || is_subscription(&step.resource)));
    Events::new(context.live).planned(&undo);
    applying(context, &session, &undo).await.map_err(|failure| failure.error)?;
    Ok(Undone { removed: undo.steps.len(), shared })
}

fn is_subscription(id: &ResourceId) -> bool {
    id.kind.is_subscription()
}

/// The filters that the plan creates or updates.
fn filters(plan: &Plan) -> impl Iterator<Item = &FilterSpec> {
    plan.steps.iter().flat_map(|step| &step.actions).filter_map(filter_put)
}
