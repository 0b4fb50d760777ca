//! How a plan that is made now differs from the one that was reviewed.

use super::change::{Change, Lost, changes, kept, losses};
use crate::error::Subject;
use crate::resources::Plan;

/// The verb of a new resource, and of one that is deleted and created again.
const WHOLE: [&str; 2] = ["create", "replace"];
/// The verb of a resource that is deleted.
const DELETE: &str = "delete";

/// What was reviewed.
#[derive(Clone, Copy)]
pub(super) struct Reviewed<'a> {
    pub(super) changes: &'a [Change],
    pub(super) kept: &'a [Subject],
    pub(super) losses: &'a [Lost],
}

/// What comes of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// What would be done and was not reviewed, or the other way round.
    pub(super) differences: Vec<Difference>,
    /// Whether some of the reviewed changes are made already, as after a run that was interrupted.
    pub(super) is_begun: bool,
}

/// What differs, one resource each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) resource: Subject,
    /// What was reviewed, and what would be done now.
    pub(super) what: String,
}

impl Difference {
    fn new(resource: &Subject, what: impl Into<String>) -> Self {
        Self { resource: resource.clone(), what: what.into() }
    }
}

/// Compares a plan with what was reviewed: it may do less, where the rest is done already, and nothing else.
pub(super) fn compare(reviewed: Reviewed<'_>, plan: &Plan) -> Comparison {
    let now = changes(plan);
    let new: Vec<&Change> = now.iter().filter(|change| !is_covered(change, reviewed.changes)).collect();
    let gone: Vec<&Change> = reviewed.changes.iter().filter(|change| !now.contains(change)).collect();
    let undone = gone.iter().filter(|change| !is_done(change, plan));
    let mut resources: Vec<&Subject> = Vec::new();
    for change in undone.chain(&new) {
        if !resources.contains(&&change.resource) {
            resources.push(&change.resource);
        }
    }
    let of = |all: &[&Change], resource: &Subject| {
        let these = all.iter().filter(|change| change.resource == *resource).map(|change| said(change));
        these.collect::<Vec<_>>()
    };
    let difference = |resource: &Subject| {
        let what = match (of(&gone, resource), of(&new, resource)) {
            (one, other) if one == other => {
                format!("reviewed and now: {}; what is not shown of it differs", one.join(", "))
            }
            (one, other) => format!("reviewed: {}; now: {}", listed(&one), listed(&other)),
        };
        Difference::new(resource, what)
    };
    let mut differences: Vec<Difference> = resources.into_iter().map(difference).collect();
    let (kept, losses) = (kept(plan), losses(plan));
    let lost = |loss: &Lost| Difference::new(&loss.resource, format!("not reviewed: it loses {}", loss.what));
    differences.extend(only(reviewed.kept, &kept).map(|one| Difference::new(one, "no longer kept")));
    differences
        .extend(only(&kept, reviewed.kept).map(|one| Difference::new(one, "not reviewed: it is kept")));
    differences.extend(only(&losses, reviewed.losses).map(lost));
    Comparison { is_begun: differences.is_empty() && !gone.is_empty(), differences }
}

/// Those of a list that another one does not have.
fn only<'a, T: PartialEq>(these: &'a [T], others: &'a [T]) -> impl Iterator<Item = &'a T> {
    these.iter().filter(|one| !others.contains(one))
}

/// Whether a change was reviewed, or is the rest of one that was and that an interrupted run has made in part.
fn is_covered(change: &Change, reviewed: &[Change]) -> bool {
    let is_rest = |of: &Change| {
        let is_in = |part: &[String], whole: &[String]| part.iter().all(|one| whole.contains(one));
        let is_alike = of.verb == change.verb && is_in(&change.fields, &of.fields);
        of.resource == change.resource
            && is_in(&change.calls, &of.calls)
            && (is_alike || WHOLE.contains(&of.verb.as_str()))
    };
    reviewed.iter().any(is_rest)
}

/// Whether a change that was reviewed, and that a plan no longer makes, is made: the resource is right, or something
/// else is still to be done to it; or it is gone, where it was to be deleted.
fn is_done(change: &Change, plan: &Plan) -> bool {
    let is_of = |resource: Subject| resource == change.resource;
    let is_left = plan.unchanged.iter().chain(plan.steps.iter().map(|step| &step.resource));
    let is_left = is_left.map(Subject::from).any(is_of);
    is_left != (change.verb == DELETE) && !kept(plan).contains(&change.resource)
}

fn listed(all: &[String]) -> String {
    if all.is_empty() { "no change".to_owned() } else { all.join(", ") }
}

fn said(change: &Change) -> String {
    match change.fields.as_slice() {
        [] => change.verb.clone(),
        fields => format!("{} ({})", change.verb, fields.join(", ")),
    }
}
