//! Collects the changes to one resource into a step.

use serde_json::Value;

use super::field::Field;
use super::resource::{Kind, ResourceId};
use super::stage::{Stage, Verb};
use super::steps::{Plan, Step};

/// A step being put together.
pub(crate) struct Draft<A> {
    step: Step<A>,
}

impl<A> Draft<A> {
    pub(crate) fn new(stage: Stage, kind: Kind, name: &str, verb: Verb) -> Self {
        Self::of(stage, ResourceId::new(kind, name), verb)
    }

    /// One that changes this resource.
    pub(crate) fn of(stage: Stage, resource: ResourceId, verb: Verb) -> Self {
        Self { step: Step { stage, resource, verb, fields: Vec::new(), actions: Vec::new() } }
    }

    /// See [`Field::set`].
    pub(crate) fn set(&mut self, name: &'static str, new: impl Into<Value>) {
        self.fields([Field::set(name, new)]);
    }

    /// See [`Field::change`].
    pub(crate) fn change(&mut self, name: &'static str, old: impl Into<Value>, new: impl Into<Value>) {
        self.fields([Field::change(name, old, new)]);
    }

    pub(crate) fn fields(&mut self, fields: impl IntoIterator<Item = Field>) {
        self.step.fields.extend(fields);
    }

    pub(crate) fn verb(&mut self, verb: Verb) {
        self.step.verb = verb;
    }

    pub(crate) fn stage(&mut self, stage: Stage) {
        self.step.stage = stage;
    }

    /// What changes.
    pub(crate) fn resource(&self) -> &ResourceId {
        &self.step.resource
    }

    /// Whether the resource is taken over.
    pub(crate) fn is_adopting(&self) -> bool {
        self.step.verb == Verb::Adopt
    }

    pub(crate) fn act(&mut self, action: impl Into<A>) {
        self.step.actions.push(action.into());
    }

    /// Acts before the first of the actions so far that is one of these, else after them.
    pub(crate) fn act_before(&mut self, these: impl Fn(&A) -> bool, action: impl Into<A>) {
        let actions = &mut self.step.actions;
        let at = actions.iter().position(these).unwrap_or(actions.len());
        actions.insert(at, action.into());
    }

    /// The step, whether or not it does anything.
    pub(crate) fn into_step(self) -> Step<A> {
        self.step
    }

    /// Adds the step to the plan, or counts the resource as unchanged where there is nothing to do.
    pub(crate) fn finish(self, plan: &mut Plan<A>) {
        if self.step.actions.is_empty() {
            plan.unchanged.push(self.step.resource);
        } else {
            plan.steps.push(self.step);
        }
    }
}
