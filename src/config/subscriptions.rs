//! The file's subscriptions: log groups chosen among those that exist, each with its filter.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::filter_name;

use super::file::{File, Subscription};
use crate::error::Result;
use crate::plan::Observed;
use crate::stack::selection::{Candidate, Selection, Selector, Wanted};
use crate::stack::{Distribution, FilterSpec, Setting, Stack, Tags, recursion};

/// The filters that the file asks for, and what has to be said about it.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// One for each log group and destination.
    pub(crate) filters: Vec<FilterSpec>,
    /// What matches nothing, and what was left out and why.
    pub(crate) notes: Vec<String>,
}

/// The log groups whose tags have to be known to choose: empty where no subscription asks for tags.
pub(crate) fn needs_tags_of(file: &File, observed: &Observed) -> Result<Vec<String>> {
    let candidates = candidates(observed);
    let mut names = BTreeSet::new();
    for subscription in file.settings.subscriptions.iter().flatten() {
        let selector = selector(file, subscription)?;
        names.extend(selector.needs_tags_of(&candidates).into_iter().map(ToOwned::to_owned));
    }
    Ok(names.into_iter().collect())
}

/// Chooses the log groups. Of several sections that mean the same log group and the same destination, the first wins;
/// for another destination a log group gets another filter.
pub(crate) fn choose(
    file: &File,
    stack: &Stack,
    observed: &Observed,
    tags: &BTreeMap<String, Tags>,
) -> Result<Subscriptions> {
    let candidates = candidates(observed);
    let own = |name: &str| recursion(&stack.names, &observed.readers, name);
    let mut chosen = Subscriptions::default();
    let mut taken = BTreeSet::new();
    for subscription in file.settings.subscriptions.iter().flatten() {
        check_destination(file, stack, subscription.get_ref())?;
        let selection = selector(file, subscription)?.select(&candidates, tags, own);
        note(file, subscription, &selection, &mut chosen.notes);
        for log_group in selection.groups {
            let spec = spec(stack, subscription.get_ref(), log_group);
            if taken.insert((spec.log_group.clone(), spec.name.clone())) {
                chosen.filters.push(spec);
            }
        }
    }
    Ok(chosen)
}

/// Where the file has no destinations of its own, those that the function has count.
fn check_destination(file: &File, stack: &Stack, subscription: &Subscription) -> Result<()> {
    let (Some(name), Some(config)) = (&subscription.destination, &stack.function.config) else {
        return Ok(());
    };
    if config.destinations.contains_key(name.get_ref()) {
        return Ok(());
    }
    let known: Vec<&str> = config.destinations.keys().map(String::as_str).collect();
    Err(file.error(
        &name.span(),
        &format!("the forwarder has no destination `{}`; it has {}", name.get_ref(), known.join(", ")),
        "add a [destinations.NAME] section for each destination",
    ))
}

fn candidates(observed: &Observed) -> Vec<Candidate<'_>> {
    observed.groups.iter().map(|(name, group)| Candidate { name, class: &group.class }).collect()
}

fn selector(file: &File, subscription: &toml::Spanned<Subscription>) -> Result<Selector> {
    let one = subscription.get_ref();
    let wanted = Wanted {
        names: one.log_groups.clone(),
        globs: one.globs.clone(),
        excludes: one.exclude.clone(),
        tags: one.tags.clone(),
        all: one.all,
    };
    Selector::new(wanted)
        .map_err(|error| file.error(&subscription.span(), &error.to_string(), "mend the glob"))
}

fn spec(stack: &Stack, subscription: &Subscription, log_group: String) -> FilterSpec {
    let base = &stack.names.filter;
    FilterSpec {
        log_group,
        name: subscription
            .destination
            .as_ref()
            .map_or_else(|| base.clone(), |name| filter_name(base, name.get_ref())),
        pattern: Setting::or_default(subscription.filter_pattern.clone(), String::new()),
        distribution: Setting::or_default(subscription.distribution, Distribution::ByLogStream),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: stack.logs_role.arn.clone(),
    }
}

fn note(
    file: &File,
    subscription: &toml::Spanned<Subscription>,
    selection: &Selection,
    notes: &mut Vec<String>,
) {
    let place = file.place(&subscription.span());
    notes.extend(selection.unmatched.iter().map(|what| format!("{place}: {what} matches no log group")));
    notes.extend(
        selection.left_out.iter().map(|out| format!("{place}: leaves out {}: {}", out.log_group, out.reason)),
    );
}
