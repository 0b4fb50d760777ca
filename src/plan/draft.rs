//! Collects the changes to one resource into a step.

use super::{Action, Field, Kind, Plan, Refusal, ResourceId, Stage, Step, Verb};
use crate::error::Code;
use crate::resources::Stack;
use crate::stack::names::{STACK_TAG, VERSION_TAG};
use crate::stack::{Tags, owns};

/// A step being put together.
pub(crate) struct Draft {
    step: Step,
}

impl Draft {
    pub(crate) fn new(stage: Stage, kind: Kind, name: &str, verb: Verb) -> Self {
        let resource = ResourceId::new(kind, name);
        Self { step: Step { stage, resource, verb, fields: Vec::new(), actions: Vec::new() } }
    }

    pub(crate) fn set(&mut self, name: &str, new: impl ToString) {
        self.step.fields.push(Field { name: name.to_owned(), old: None, new: Some(new.to_string()) });
    }

    pub(crate) fn change(&mut self, name: &str, old: impl ToString, new: impl ToString) {
        self.step.fields.push(Field {
            name: name.to_owned(),
            old: Some(old.to_string()),
            new: Some(new.to_string()),
        });
    }

    pub(crate) fn fields(&mut self, fields: Vec<Field>) {
        self.step.fields.extend(fields);
    }

    pub(crate) fn verb(&mut self, verb: Verb) {
        self.step.verb = verb;
    }

    /// What changes.
    pub(crate) fn resource(&self) -> &ResourceId {
        &self.step.resource
    }

    /// Whether the resource is taken over.
    pub(crate) fn is_adopting(&self) -> bool {
        self.step.verb == Verb::Adopt
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.step.actions.push(action);
    }

    /// Acts before the tags are written, which say that the rest is there.
    pub(crate) fn act_before_tags(&mut self, action: Action) {
        let actions = &mut self.step.actions;
        let tags = actions.iter().position(|action| matches!(action, Action::TagFunction { .. }));
        actions.insert(tags.unwrap_or(actions.len()), action);
    }

    /// What it takes to make an existing resource ours, or a refusal.
    ///
    /// Tags of the user's that are missing are added; tags that somebody else set stay. The version tag alone is
    /// never a reason for a change: running a newer cwl2le over an unchanged stack changes nothing.
    pub(crate) fn own(&mut self, stack: &Stack, tags: &Tags, adopt: bool) -> Result<Option<Tags>, Refusal> {
        if !owns(&stack.name, &stack.target.region, tags) {
            if !adopt || tags.contains_key(STACK_TAG) {
                return Err(not_ours(&self.step.resource, stack, tags));
            }
            self.step.verb = Verb::Adopt;
        }
        let missing: Vec<_> =
            stack.tags.iter().filter(|(k, v)| *k != VERSION_TAG && tags.get(*k) != Some(v)).collect();
        for (key, value) in &missing {
            self.step.fields.push(Field {
                name: format!("tag {key}"),
                old: tags.get(*key).cloned(),
                new: Some((*value).clone()),
            });
        }
        Ok((!missing.is_empty()).then(|| stack.tags.clone()))
    }

    /// Adds the step to the plan, or counts the resource as unchanged where there is nothing to do.
    pub(crate) fn finish(self, plan: &mut Plan) {
        if self.step.actions.is_empty() {
            plan.unchanged.push(self.step.resource);
        } else {
            plan.steps.push(self.step);
        }
    }
}

fn not_ours(resource: &ResourceId, stack: &Stack, tags: &Tags) -> Refusal {
    let (reason, hint) = match tags.get(STACK_TAG) {
        Some(other) => (
            format!(
                "it belongs to the stack `{other}` of {}",
                tags.get(crate::stack::names::REGION_TAG).map_or("another region", String::as_str)
            ),
            "choose another name with --stack".to_owned(),
        ),
        None => (
            format!("it exists already and was not made by the stack `{}` of cwl2le", stack.name),
            "take it over with --adopt, or make a stack beside it with --stack NAME".to_owned(),
        ),
    };
    Refusal { resource: resource.clone(), code: Code::NotOurs, reason, hint }
}
