//! Which versions are deleted: each costs storage, of which an account has 75 GB in a region.

use std::collections::BTreeSet;

use serde_json::Value;

use super::action::{Action, Version};
use super::observed::Before;
use crate::resources::function::forwarders::Forwarder;
use crate::resources::{self, Draft, ObservedFunction, Plan, ResourceId, Stage, Verb};

/// Number of versions to keep beside the one that gets the records.
const KEPT: usize = 3;

/// Has the versions deleted that nothing needs once the rest of the plan is done. They go last: whether they can be
/// deleted says nothing about the version that is live by then.
pub(super) fn prune(forwarder: &Forwarder, plan: &mut Plan) {
    let names = &forwarder.stack.names;
    let Some(is) = &forwarder.observed.function else { return };
    let outdated = After::of(is, &names.function, plan).outdated(forwarder, is);
    if outdated.is_empty() {
        return;
    }
    plan.unchanged.retain(|unchanged| *unchanged != ResourceId::alias(names));
    let mut draft = Draft::of(Stage::Prune, ResourceId::alias(names), Verb::Update);
    draft.change("old_versions", outdated.clone(), Value::Null);
    for number in outdated {
        draft.act(Action::DeleteVersion { function: names.function.clone(), number });
    }
    draft.finish(plan);
}

/// The versions of a function and its alias after a plan. AWS numbers versions in ascending order, so those that the
/// plan publishes come after all others.
struct After {
    versions: BTreeSet<u64>,
    live: Option<u64>,
    /// What the alias names before that.
    before: Option<u64>,
}

impl After {
    fn of(is: &ObservedFunction, function: &str, plan: &Plan) -> Self {
        let live = is.live();
        let mut after = Self {
            versions: is.versions.iter().map(|version| version.number).collect(),
            live: live.and_then(|live| live.number()),
            before: live.and_then(|live| live.before).map(Before::number),
        };
        let mut steps: Vec<_> = plan.steps.iter().collect();
        steps.sort_by_key(|step| step.stage);
        for action in steps.into_iter().flat_map(|step| &step.actions) {
            match action {
                resources::Action::Alias(Action::Publish { function: of, .. }) if of == function => {
                    after.versions.insert(after.newest() + 1);
                }
                resources::Action::Alias(Action::Move { function: of, version, .. }) if of == function => {
                    let to = match version {
                        Version::Number(number) => Some(*number),
                        Version::Published => Some(after.newest()),
                        Version::Live => after.live,
                    };
                    if to != after.live {
                        (after.live, after.before) = (to, after.live);
                    }
                }
                _ => {}
            }
        }
        after
    }

    fn newest(&self) -> u64 {
        self.versions.last().copied().unwrap_or_default()
    }

    /// The versions to delete. What an alias names stays, what one says that it named before, and what a trigger calls.
    fn outdated(&self, forwarder: &Forwarder, is: &ObservedFunction) -> Vec<u64> {
        let others = is.aliases.iter().filter(|(name, _)| *name != super::LIVE).map(|(_, alias)| alias);
        let named = others.flat_map(|alias| {
            let before = alias.before.map(Before::number);
            alias.number().into_iter().chain(before).chain(alias.shares.iter().copied())
        });
        let triggers = &forwarder.observed.triggers;
        let called = triggers.iter().filter_map(|trigger| trigger.qualifier.as_deref()?.parse().ok());
        let mut kept: BTreeSet<u64> = named.chain(called).chain(self.live).chain(self.before).collect();
        let beside = self.versions.iter().rev().copied().filter(|number| Some(*number) != self.live);
        kept.extend(beside.take(KEPT));
        is.versions.iter().map(|version| version.number).filter(|number| !kept.contains(number)).collect()
    }
}
