//! Deletions of old versions: whether they can be deleted says nothing about what is live.

use crate::apply::ApplyError;
use crate::error::Code;
use crate::resources::{Stage, Step};

/// What to say where nothing but deletions of old versions failed; these are taken out of `steps`, which are then what
/// was done. None where something else failed, or the run was stopped.
pub(crate) fn kept(failure: &ApplyError, steps: &mut Vec<Step>) -> Option<String> {
    if !failure.only_concerns(Stage::Prune) || failure.error.code == Code::Interrupted {
        return None;
    }
    let failed = &failure.applied.failed;
    steps.retain(|step| {
        step.stage != Stage::Prune || !failed.iter().any(|failed| failed.resource == step.resource)
    });
    Some(format!("old versions could not be deleted, the next run tries again: {}", failure.error.message))
}

/// Whether all that is left to do is to delete old versions, which is no difference from what is wanted.
pub(crate) fn are_all(steps: &[Step]) -> bool {
    !steps.is_empty() && steps.iter().all(|step| step.stage == Stage::Prune)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{Applied, Failed};
    use crate::error::Error;
    use crate::resources::{Kind, ResourceId, Verb};

    fn step(stage: Stage, name: &str) -> Step {
        let resource = ResourceId::new(Kind::ALIAS, name);
        Step { stage, resource, verb: Verb::Update, fields: Vec::new(), actions: Vec::new() }
    }

    #[test]
    fn what_could_not_be_deleted_is_not_among_what_was_done() {
        let all = [(Stage::Live, "a"), (Stage::Live, "b"), (Stage::Prune, "a"), (Stage::Prune, "b")];
        let all: Vec<Step> = all.into_iter().map(|(stage, name)| step(stage, name)).collect();
        assert_eq!([are_all(&all), are_all(&all[2..]), are_all(&[])], [false, true, false]);
        for (failed, code, left) in [
            (2, Code::AccessDenied, Some(3)),
            // Whoever stops a run, or finds that something else failed, has to know.
            (2, Code::Interrupted, None),
            (0, Code::AccessDenied, None),
        ] {
            let error = Error::new(code, "AWS denied lambda:DeleteFunction");
            let Step { stage, resource, verb, actions, .. } = all[failed].clone();
            let (actions, error_of) = (actions.len(), error.clone());
            let failed =
                Failed { stage, resource, verb, actions_done: 0, actions, creation: None, error: error_of };
            let applied = Applied { failed: vec![failed], ..Applied::default() };
            let mut steps = all.clone();
            let note = kept(&ApplyError { error, applied }, &mut steps);
            assert_eq!(note.is_some(), left.is_some(), "{code:?}");
            assert_eq!(steps.len(), left.unwrap_or(all.len()), "{code:?}");
            assert!(note.is_none_or(|note| note.contains("lambda:DeleteFunction")));
            assert!(steps.iter().any(|step| step.stage == Stage::Live && step.resource.name == "a"));
        }
    }
}
