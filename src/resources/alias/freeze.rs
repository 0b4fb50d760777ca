//! A trigger that does not call the alias yet: first the alias names what runs now, then the trigger calls it.

use super::action::{Action, From, Settings, Version};
use super::observed::LIVE;
use crate::resources::{Observed, ObservedFunction, ObservedTrigger, ObservedVersion, Stack, TriggerState};

/// The only trigger from the stream, where it does not call the alias.
fn astray<'o>(stack: &Stack, observed: &'o Observed) -> Option<&'o ObservedTrigger> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let mut living = observed
        .triggers
        .iter()
        .filter(|trigger| trigger.source_arn == stream_arn && trigger.state != TriggerState::Deleting);
    let (only, None) = (living.next()?, living.next()) else { return None };
    (only.qualifier.as_deref() != Some(LIVE)).then_some(only)
}

/// What has the alias name the version that runs now, where the trigger calls something else; it may be there already.
/// Then nothing changes for the records when the trigger calls the alias, and `$LATEST` may change.
pub(crate) fn freeze(stack: &Stack, observed: &Observed) -> Option<Vec<Action>> {
    let trigger = astray(stack, observed)?;
    // What AWS failed to update runs as before, and nobody can publish that.
    let is = observed.function.as_ref().filter(|is| is.failure.is_none())?;
    let function = stack.names.function.clone();
    let version = trigger.qualifier.as_deref().and_then(|qualifier| is.version_of(qualifier));
    let (mut actions, version) = match version.or_else(|| published(is)) {
        Some(version) => (Vec::new(), Version::Number(version.number)),
        None => {
            let (function, code_sha256) = (function.clone(), is.code_sha256.clone());
            let publish = Action::Publish { function, code_sha256, settings: Settings::default() };
            (vec![publish], Version::Published)
        }
    };
    let live = is.live().cloned();
    if live.as_ref().is_none_or(|live| {
        !live.shares.is_empty() || live.number().map(Version::Number).as_ref() != Some(&version)
    }) {
        let from = live.map_or(From::Nothing, From::Alias);
        actions.push(Action::Move { function, version, from, before: None });
    }
    Some(actions)
}

/// The newest version that is what the function is.
pub(super) fn published(is: &ObservedFunction) -> Option<&ObservedVersion> {
    let snapshot = is.snapshot();
    is.versions.iter().rev().find(|version| version.snapshot == snapshot)
}
