//! The changes of a plan as a file holds them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fingerprint::hash;
use crate::error::Subject;
use crate::resources::{Action, Plan, Step, Verb, alias};

/// All changes to one resource in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// When, by the name that it has in `--output json`.
    pub(super) stage: String,
    /// What happens, by the name that it has in `--output json`.
    pub(super) verb: String,
    pub(super) resource: Subject,
    /// Field by field, as they are shown. Secrets are not shown.
    pub(super) fields: Vec<String>,
    /// A hash of each call that makes the change, without secrets.
    pub(super) calls: Vec<String>,
}

/// Something that a plan deletes for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lost {
    pub(super) resource: Subject,
    pub(super) what: String,
}

/// The changes of a plan. To wait for a resource, or to try one out, changes nothing.
pub(super) fn changes(plan: &Plan) -> Vec<Change> {
    plan.steps.iter().filter(|step| !matches!(step.verb, Verb::Await | Verb::Check)).map(change).collect()
}

fn change(step: &Step) -> Change {
    let name = |value: Value| value.as_str().unwrap_or_default().to_owned();
    Change {
        stage: name(json!(step.stage)),
        verb: name(json!(step.verb)),
        resource: (&step.resource).into(),
        fields: step.fields.iter().map(ToString::to_string).collect(),
        calls: step.actions.iter().filter_map(call).map(|call| hash(&call)).collect(),
    }
}

/// A call as text, without secrets. What a run that was interrupted has published has a number for the next one, what it
/// has set is not set again, and to start a version changes nothing.
fn call(action: &Action) -> Option<String> {
    match action {
        Action::Alias(alias::Action::Start { .. }) => None,
        Action::Alias(alias::Action::Publish { function, code_sha256, .. }) => {
            Some(format!("publish {function} with {code_sha256}"))
        }
        Action::Alias(alias::Action::Move { function, before, .. }) => {
            Some(format!("move the alias of {function} {before:?}"))
        }
        // The debug form of an action names no secret.
        action => Some(format!("{action:?}")),
    }
}

/// The resources that a plan keeps.
pub(super) fn kept(plan: &Plan) -> Vec<Subject> {
    plan.kept.iter().map(|kept| (&kept.resource).into()).collect()
}

/// What a plan deletes for good.
pub(super) fn losses(plan: &Plan) -> Vec<Lost> {
    plan.losses
        .iter()
        .map(|loss| Lost { resource: (&loss.resource).into(), what: loss.what.clone() })
        .collect()
}
