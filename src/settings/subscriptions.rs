//! The file's subscriptions: log groups chosen among those that exist, each with its filter, or all by an account
//! policy.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::config::filter_name;
use toml::Spanned;

use super::contents::Subscription;
use super::file::File;
use super::values::LogGroupGlob;
use crate::error::{Result, did_you_mean_or};
use crate::resources::{
    AccountPolicySpec, Distribution, FilterExtras, FilterSpec, Observed, Stack, Subscriptions, recursion,
};
use crate::stack::arn::log_group_names;
use crate::stack::selection::{Candidate, Selection, Selector, Wanted};
use crate::stack::{Setting, Tags, Target, is_canary};

/// How many names of log groups a note lists.
const SHOWN: usize = 5;

/// What the file asks for, and what has to be said about it.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    /// One filter for each log group and destination, and the account policy.
    pub(crate) wanted: Subscriptions,
    /// What matches nothing, what was left out and why, and what an earlier section decides.
    pub(crate) notes: Vec<String>,
    /// The places of the sections that select no log group at all.
    pub(crate) empty: Vec<String>,
}

/// The log groups whose tags have to be known to choose: empty where no subscription asks for tags.
pub(crate) fn needs_tags_of(file: &File, stack: &Stack, observed: &Observed) -> Result<Vec<String>> {
    let candidates = candidates(observed);
    let mut names = BTreeSet::new();
    for subscription in file.contents.subscriptions.iter().flatten() {
        let selector = selector(file, subscription, &stack.target)?;
        names.extend(selector.needs_tags_of(&candidates).into_iter().map(ToOwned::to_owned));
    }
    Ok(names.into_iter().collect())
}

/// The place of the first section that selects log groups by more than their names, if there is one.
pub(crate) fn needs_account(file: &File) -> Option<String> {
    let mut sections = file.contents.subscriptions.iter().flatten();
    let by_more = sections.find(|section| {
        let one = section.get_ref();
        let lists = !one.globs.is_empty() || !one.tags.is_empty() || (one.all && !one.is_account_policy());
        lists || !one.exclude.is_empty()
    })?;
    Some(file.document.place(&by_more.span()))
}

/// The names of the log groups that the sections name.
pub(crate) fn named(file: &File) -> Vec<String> {
    let sections = file.contents.subscriptions.iter().flatten();
    sections.flat_map(|section| section.get_ref().log_groups.iter().map(|name| name.to_string())).collect()
}

/// Chooses the log groups. Of several sections that mean the same log group and the same destination, the first wins;
/// for another destination a log group gets another filter.
pub(crate) fn choose(
    file: &File,
    stack: &Stack,
    observed: &Observed,
    tags: &BTreeMap<String, Tags>,
) -> Result<Chosen> {
    let candidates = candidates(observed);
    let own = |name: &str| recursion(&stack.names, &observed.readers, &observed.writers, name);
    let mut chosen = Chosen::default();
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    for subscription in file.contents.subscriptions.iter().flatten() {
        check_destination(file, stack, subscription)?;
        let selector = selector(file, subscription, &stack.target)?;
        if subscription.get_ref().is_account_policy() {
            let place = file.document.place(&subscription.span());
            chosen
                .notes
                .extend(selector.excluding_globs().map(|glob| format!("{place}: {}", left_out_now(glob))));
            let excluded = selector.excluded_names(&candidates);
            chosen.wanted.account_policy = Some(account_policy(stack, subscription.get_ref(), excluded));
            continue;
        }
        let selection = selector.select(&candidates, tags, own);
        note(file, subscription, &selection, &mut chosen.notes);
        if selection.groups.is_empty() {
            chosen.empty.push(file.document.place(&subscription.span()));
        }
        let mut dropped = Vec::new();
        for log_group in selection.groups {
            let spec = spec(stack, subscription.get_ref(), log_group);
            match taken.entry((spec.log_group.clone(), spec.name.clone())) {
                Entry::Vacant(free) => {
                    free.insert(chosen.wanted.filters.len());
                    chosen.wanted.filters.push(spec);
                }
                Entry::Occupied(first) if chosen.wanted.filters[*first.get()] != spec => {
                    dropped.push(spec.log_group);
                }
                Entry::Occupied(_) => {}
            }
        }
        let more = dropped.len().saturating_sub(SHOWN);
        dropped.truncate(SHOWN);
        if !dropped.is_empty() {
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            chosen.notes.push(format!(
                "{}: an earlier section decides on the pattern and distribution of {}{more}: for another filter beside it, \
                 give this section another `destination`",
                file.document.place(&subscription.span()),
                dropped.join(", ")
            ));
        }
    }
    Ok(chosen)
}

/// Where the file has no destinations of its own, those that the function has count.
fn check_destination(file: &File, stack: &Stack, subscription: &Spanned<Subscription>) -> Result<()> {
    let (Some(name), Some(config)) = (&subscription.get_ref().destination, &stack.function.config) else {
        return Ok(());
    };
    if config.destinations.contains_key(name) {
        return Ok(());
    }
    let known = config.destinations.keys().map(String::as_str);
    let path = file.document.path_of("subscriptions", &subscription.span());
    Err(file.error(
        &file.document.span(&format!("{path}.destination")),
        &format!("stack `{}` has no destination `{name}`", stack.name),
        did_you_mean_or(name, "the destinations are", known),
    ))
}

fn candidates(observed: &Observed) -> Vec<Candidate<'_>> {
    let groups = observed.groups.iter().filter(|(name, _)| !is_canary(name));
    groups.map(|(name, group)| Candidate { name, class: &group.class }).collect()
}

fn selector(file: &File, subscription: &Spanned<Subscription>, target: &Target) -> Result<Selector> {
    let one = subscription.get_ref();
    let names = |texts: Vec<String>| {
        log_group_names(&texts, target)
            .map_err(|problem| file.error(&subscription.span(), &problem, "remove it from this section"))
    };
    let globs = |globs: &[LogGroupGlob]| names(globs.iter().map(|glob| glob.to_string()).collect());
    let wanted = Wanted {
        names: names(one.log_groups.iter().map(|name| name.to_string()).collect())?,
        globs: globs(&one.globs)?,
        excludes: globs(&one.exclude)?,
        tags: one.tags.clone(),
        all: one.all,
    };
    Selector::new(wanted)
        .map_err(|error| file.error(&subscription.span(), &error.to_string(), "fix the glob pattern"))
}

/// What has to be known of a glob that an account policy leaves out.
pub(crate) fn left_out_now(glob: &str) -> String {
    format!(
        "an account policy leaves log groups out by name: of `{glob}` those that exist now; later ones are covered until this \
         is run again"
    )
}

fn account_policy(
    stack: &Stack,
    subscription: &Subscription,
    excluded: BTreeSet<String>,
) -> AccountPolicySpec {
    AccountPolicySpec {
        name: name(stack, subscription),
        pattern: Setting::or_default(pattern(subscription), String::new()),
        distribution: Setting::or_default(subscription.distribution, Distribution::ByLogStream),
        destination_arn: stack.sink_arn(),
        role_arn: stack.subscription_role(),
        excluded,
    }
}

fn name(stack: &Stack, subscription: &Subscription) -> String {
    let base = &stack.names.filter;
    subscription.destination.as_ref().map_or_else(|| base.clone(), |name| filter_name(base, name))
}

fn pattern(subscription: &Subscription) -> Option<String> {
    subscription.filter_pattern.as_ref().map(|pattern| pattern.to_string())
}

fn spec(stack: &Stack, subscription: &Subscription, log_group: String) -> FilterSpec {
    FilterSpec {
        log_group,
        name: name(stack, subscription),
        pattern: Setting::or_default(pattern(subscription), String::new()),
        distribution: Setting::or_default(subscription.distribution, Distribution::ByLogStream),
        destination_arn: stack.sink_arn(),
        role_arn: stack.subscription_role(),
        extras: FilterExtras::default(),
    }
}

fn note(file: &File, subscription: &Spanned<Subscription>, selection: &Selection, notes: &mut Vec<String>) {
    let place = file.document.place(&subscription.span());
    notes.extend(selection.unmatched.iter().map(|what| format!("{place}: {what} matches no log group")));
    notes.extend(
        selection.left_out.iter().map(|out| format!("{place}: leaves out {}: {}", out.log_group, out.reason)),
    );
}
