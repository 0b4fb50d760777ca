//! What the engine asks of a kind of resource.

use super::function::forwarders::Forwarders;
use super::{Loss, Observed, Plan, Refusal, ResourceId, Stack, Step};
use crate::export::{Ids, Template};

/// A part of a plan, or why it cannot be done.
pub(crate) type Part = Result<(), Refusal>;

/// How changes to a kind of resource are planned. Pure: no SDK, no tokio, no clock.
pub(crate) trait Planned {
    /// What can be done to a resource of this kind.
    type Action;

    /// Refuses what must not be built on, and ends log loops, before `setup` looks at any resource.
    fn guard(_: &Setup<'_>, _: &mut Plan) {}

    /// Adds what brings the resources of this kind to what is wanted.
    fn setup(_: &Setup<'_>, _: &mut Plan) {}

    /// Adds what depends on the plan for the other kinds.
    fn finish_setup(_: &Setup<'_>, _: &mut Plan) {}

    /// Adds what removes the resources of this kind that are this stack's, and says why others stay.
    fn teardown(_: &Teardown<'_>, _: &mut Plan) {}

    /// Adds what depends on what is removed of the other kinds.
    fn finish_teardown(_: &Teardown<'_>, _: &mut Plan) {}

    /// Adds what an action deletes for good.
    fn losses(_: &mut Losses<'_>, _: &Step, _: &Self::Action) {}

    /// Adds what the plan as a whole deletes for good.
    fn losses_of_plan(_: &mut Losses<'_>) {}
}

/// How resources of a kind stand in the templates of other tools. Pure, as planning is.
pub(crate) trait Exported {
    /// What can be done to a resource of this kind.
    type Action;

    /// Declares what an action of a plan creates. The plan is that of a stack of which nothing exists; what an action does
    /// beside creating is done by whoever deploys the template.
    fn declare(ids: Ids<'_>, action: &Self::Action, plan: &Plan, template: &mut Template);
}

/// What `setup` plans from.
pub(crate) struct Setup<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) observed: &'a Observed,
    /// Whether to take over resources that do not carry the tags of this stack; otherwise they are refused.
    pub(crate) adopt: bool,
    /// The stack and what exists of it, as each function sees them.
    pub(crate) forwarders: &'a Forwarders,
}

/// How far a teardown goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeardownOptions {
    /// Delete the stream even where others still write to it or read from it.
    pub force: bool,
    /// Another name, besides the default one, of filters and of the account policy that this stack manages.
    pub filter_name: Option<String>,
}

/// What `teardown` plans from.
pub(crate) struct Teardown<'a> {
    pub(crate) stack: &'a Stack,
    /// Holds every log group of the region.
    pub(crate) observed: &'a Observed,
    pub(crate) options: &'a TeardownOptions,
}

/// What a plan deletes for good, as it is found.
pub(crate) struct Losses<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) observed: &'a Observed,
    pub(crate) plan: &'a Plan,
    pub(crate) found: Vec<Loss>,
}

impl Losses<'_> {
    pub(crate) fn add(&mut self, resource: &ResourceId, what: impl Into<String>) {
        self.found.push(Loss { resource: resource.clone(), what: what.into() });
    }
}
