//! Removes the resources that the stack manages, and keeps the others.

use crate::resources::{Action, Draft, Kind, Plan, ResourceId, Stage, Step, TeardownOptions, Verb};

/// Deletes a resource where it is ours, or says why it stays.
pub(crate) fn delete(
    stage: Stage,
    kind: Kind,
    name: &str,
    ours: bool,
    action: impl Into<Action>,
    plan: &mut Plan,
) {
    if !ours {
        plan.keep(ResourceId::new(kind, name), "it is not managed by this stack: it does not have its tags");
        return;
    }
    let mut step = Draft::new(stage, kind, name, Verb::Delete);
    step.act(action);
    step.finish(plan);
}

/// A resource that is removed in the stage of the foundations, unless something else uses it.
pub(crate) struct Removal<'a> {
    pub(crate) kind: Kind,
    pub(crate) name: &'a str,
    pub(crate) ours: bool,
    /// Who else uses it, as a sentence.
    pub(crate) user: Option<String>,
}

impl Removal<'_> {
    /// Adds a step that deletes it, if this stack manages it and either nothing else uses it or the user gave
    /// `--force`. Returns that step.
    pub(crate) fn delete<'p>(
        self,
        action: impl Into<Action>,
        options: &TeardownOptions,
        plan: &'p mut Plan,
    ) -> Option<&'p mut Step> {
        if let Some(user) = self.user.filter(|_| self.ours && !options.force) {
            let reason = format!("{user}; --force deletes it anyway");
            plan.keep(ResourceId::new(self.kind, self.name), reason);
            return None;
        }
        delete(Stage::RemoveFoundations, self.kind, self.name, self.ours, action, plan);
        plan.steps.last_mut().filter(|_| self.ours)
    }
}
