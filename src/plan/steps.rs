//! The plan and its steps.

use serde::Serialize;

use super::cost::Cost;
use super::field::Field;
use super::head::Head;
use super::resource::ResourceId;
use super::stage::{Stage, Verb};
use crate::error::Code;

/// The ordered changes that bring what exists to what is wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct Plan<A> {
    /// What it is for, and where its settings come from.
    #[serde(skip_serializing_if = "Head::is_empty", rename = "settings")]
    pub head: Head,
    /// The changes, in the order of their stages.
    pub steps: Vec<Step<A>>,
    /// What is already as it should be.
    pub unchanged: Vec<ResourceId>,
    /// What a teardown or an unsubscribe leaves, and why.
    pub kept: Vec<Kept>,
    /// What cannot be done. A plan with a refusal is never applied.
    pub refused: Vec<Refusal>,
    /// What the changes delete for good.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
    /// Notes to read before it is applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it does to the bill; of a plan of a whole stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// When it was planned, in seconds since 1970, where times in it are counted from then.
    #[serde(skip)]
    pub planned_at: Option<u64>,
}

/// All changes to one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(bound = "")]
pub struct Step<A> {
    /// Steps of one stage are independent of each other.
    pub stage: Stage,
    /// What is changed.
    pub resource: ResourceId,
    /// How.
    pub verb: Verb,
    /// Field by field. Secrets are not shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// What `apply` does, in order.
    #[serde(skip)]
    pub actions: Vec<A>,
}

/// What is left where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The resource.
    pub resource: ResourceId,
    /// Why.
    pub reason: String,
}

/// What cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The resource.
    pub resource: ResourceId,
    /// Which of the expected failures it is.
    pub code: Code,
    /// Why.
    pub reason: String,
    /// What to do instead.
    pub hint: String,
}

/// Something that a change deletes and that no later run brings back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The resource that changes.
    pub resource: ResourceId,
    /// What is lost with it.
    pub what: String,
}

impl<A> Step<A> {
    /// Whether it creates a resource in the place of another one, which it deletes.
    pub(super) fn replaces(&self) -> bool {
        self.verb == Verb::Create && self.fields.iter().any(|field| field.name == "replaces")
    }
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self {
            head: Head::default(),
            steps: Vec::new(),
            unchanged: Vec::new(),
            kept: Vec::new(),
            refused: Vec::new(),
            losses: Vec::new(),
            notes: Vec::new(),
            cost: None,
            planned_at: None,
        }
    }
}

impl<A> Plan<A> {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Puts the steps into the order of their stages, keeping the order within a stage.
    #[must_use]
    pub(crate) fn ordered(mut self) -> Self {
        self.steps.sort_by_key(|step| step.stage);
        self
    }

    /// The same plan with only the steps before a stage.
    #[must_use]
    pub(crate) fn before(&self, stage: Stage) -> Self
    where
        A: Clone,
    {
        let steps = self.steps.iter().filter(|step| step.stage < stage).cloned().collect();
        Self { steps, ..self.clone() }
    }

    /// The same plan with only the steps of this stage and later ones.
    #[must_use]
    pub(crate) fn since(&self, stage: Stage) -> Self
    where
        A: Clone,
    {
        let steps = self.steps.iter().filter(|step| step.stage >= stage).cloned().collect();
        Self { steps, ..self.clone() }
    }

    /// Adds what another plan does.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.unchanged.extend(other.unchanged);
        self.kept.extend(other.kept);
        self.refused.extend(other.refused);
        self.losses.extend(other.losses);
        self.notes.extend(other.notes);
        self.cost = self.cost.or(other.cost);
        self.planned_at = self.planned_at.or(other.planned_at);
        self.head.0.extend(other.head.0);
        self.ordered()
    }

    pub(crate) fn refuse(
        &mut self,
        resource: ResourceId,
        code: Code,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.refused.push(Refusal { resource, code, reason: reason.into(), hint: hint.into() });
    }

    pub(crate) fn keep(&mut self, resource: ResourceId, reason: impl Into<String>) {
        self.kept.push(Kept { resource, reason: reason.into() });
    }
}
