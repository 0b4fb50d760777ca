//! Which versions are deleted: each costs storage, of which an account has 75 GB in a region.

use std::collections::BTreeSet;

use crate::resources::{Observed, ObservedFunction};

/// Number of versions to keep beside the one that gets the records.
const KEPT: usize = 3;

/// The versions to delete once the alias names `live`, or with none a version that is still to be published; `more` is
/// how many others this plan publishes before.
///
/// What an alias names stays, what one says that it named before, and what a trigger calls.
pub(super) fn outdated(
    is: &ObservedFunction,
    observed: &Observed,
    live: Option<u64>,
    more: usize,
) -> Vec<u64> {
    let aliases = is.aliases.values();
    let named = aliases.flat_map(|alias| {
        let before = alias.before.map(super::observed::Before::number);
        alias.number().into_iter().chain(before).chain(alias.shares.iter().copied())
    });
    let called = observed.triggers.iter().filter_map(|trigger| trigger.qualifier.as_deref()?.parse().ok());
    let mut kept: BTreeSet<u64> = named.chain(called).chain(live).collect();
    let beside =
        is.versions.iter().rev().map(|version| version.number).filter(|number| Some(*number) != live);
    kept.extend(beside.take(KEPT.saturating_sub(more)));
    is.versions.iter().map(|version| version.number).filter(|number| !kept.contains(number)).collect()
}
