//! Records that `$LATEST` or another version gets, because the trigger does not call the alias, or the alias names
//! `$LATEST`: first the alias names what runs now, then the trigger calls it.

use super::action::{Action, From, Settings, Version};
use super::observed::LIVE;
use crate::resources::{Observed, ObservedFunction, ObservedTrigger, ObservedVersion, Stack, TriggerState};

/// The only trigger from the stream, where it does not call the alias, or calls `$LATEST` by it.
fn astray<'o>(stack: &Stack, observed: &'o Observed) -> Option<&'o ObservedTrigger> {
    let stream_arn = stack.names.stream_arn(&stack.target);
    let mut living = observed
        .triggers
        .iter()
        .filter(|trigger| trigger.source_arn == stream_arn && trigger.state != TriggerState::Deleting);
    let (only, None) = (living.next()?, living.next()) else { return None };
    let live = observed.function.as_ref().and_then(ObservedFunction::live);
    let names_latest = live.is_some_and(|live| live.number().is_none());
    (names_latest || only.qualifier.as_deref() != Some(LIVE)).then_some(only)
}

/// Whether the trigger needs no change, because it is the alias that names `$LATEST`.
pub(super) fn only_moves_the_alias(stack: &Stack, observed: &Observed) -> bool {
    astray(stack, observed).is_some_and(|trigger| trigger.qualifier.as_deref() == Some(LIVE))
}

/// What has the alias name the version that runs now, where no version gets the records by it; it may be published
/// already. Then nothing changes for the records when the trigger calls the alias, and `$LATEST` may change.
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
