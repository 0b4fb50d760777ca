//! Which log groups are meant: names, globs, exclusions, tags, or all.
//!
//! Shared by the flags and the configuration file. Pure: the log groups and their tags are given.

use std::collections::{BTreeMap, BTreeSet};

use cwl2le_forwarder::glob::{BadGlob, Glob};
use serde::Serialize;

use super::Tags;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Log groups by name. They need neither match nor carry a tag.
    pub names: Vec<String>,
    /// Glob patterns, as [`Glob`] describes them.
    pub globs: Vec<String>,
    /// Globs of what is left out, names included: an exclusion always wins.
    pub excludes: Vec<String>,
    /// Tags that a log group must all carry. With globs or `all` they narrow these down, alone they select by
    /// themselves.
    pub tags: Tags,
    /// Every log group of the region.
    pub all: bool,
}

/// A log group that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`; empty where AWS does not say.
    pub class: &'a str,
}

/// A log group that was matched and cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub log_group: String,
    /// Why.
    pub reason: String,
}

/// What a selection came to. Every list is sorted and holds nothing twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The log groups that are meant. Those that were named are in it whether they exist or not.
    pub groups: Vec<String>,
    /// What was matched and left out: it would feed itself, its class cannot be subscribed, or its tags cannot be read;
    /// and names that an exclusion takes out again.
    pub left_out: Vec<LeftOut>,
    /// Globs that match no log group, exclusions included, and tags that no log group carries.
    pub unmatched: Vec<String>,
}

/// What was asked for, ready to be matched.
#[derive(Debug, Clone)]
pub struct Selector {
    wanted: Wanted,
    globs: Globs,
    excludes: Globs,
}

impl Selector {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The first pattern that is not valid.
    pub fn new(wanted: Wanted) -> Result<Self, BadGlob> {
        Ok(Self { globs: Globs::new(&wanted.globs)?, excludes: Globs::new(&wanted.excludes)?, wanted })
    }

    /// Whether the log groups that exist have to be listed: names alone are taken as they are.
    pub fn needs_listing(&self) -> bool {
        self.is_wide() || !self.wanted.excludes.is_empty()
    }

    /// The log groups whose tags have to be known: those that only their tags decide on.
    pub fn needs_tags_of<'a>(&self, candidates: &[Candidate<'a>]) -> Vec<&'a str> {
        if self.wanted.tags.is_empty() {
            return Vec::new();
        }
        let names = candidates.iter().map(|group| group.name);
        names.filter(|name| self.may_match(name) && has_readable_tags(name)).collect()
    }

    /// What the exclusions come to where log groups can only be left out by name, as of an account policy: names as
    /// they are, whether they exist or not, and what the globs match now.
    pub fn excluded_names(&self, candidates: &[Candidate<'_>]) -> BTreeSet<String> {
        let named = self.wanted.excludes.iter().filter(|text| is_name(text)).cloned();
        let matched = candidates.iter().filter(|group| matches!(group.class, "" | "STANDARD"));
        let matched = matched.map(|group| group.name).filter(|name| self.excludes.is_match(name));
        named.chain(matched.map(ToOwned::to_owned)).collect()
    }

    /// The exclusions that are no names: of what they match, only what exists now can be left out by name.
    pub fn excluding_globs(&self) -> impl Iterator<Item = &str> {
        self.wanted.excludes.iter().map(String::as_str).filter(|text| !is_name(text))
    }

    /// Chooses. `tags` holds those of [`Selector::needs_tags_of`]; `own` says why a log group can never be taken.
    pub fn select(
        &self,
        candidates: &[Candidate<'_>],
        tags: &BTreeMap<String, Tags>,
        own: impl Fn(&str) -> Option<String>,
    ) -> Selection {
        let (mut groups, mut left_out) = (BTreeSet::new(), BTreeSet::new());
        let mut leave = |log_group: &str, reason: &str| {
            left_out.insert(LeftOut { log_group: log_group.to_owned(), reason: reason.to_owned() });
        };
        for name in &self.wanted.names {
            // What was named and would feed itself stays in: whoever asks for it by name is told no by the plan.
            if self.excludes.is_match(name) {
                leave(name, "it is named, and excluded as well");
            } else {
                groups.insert(name.clone());
            }
        }
        for group in candidates {
            if groups.contains(group.name) || !self.may_match(group.name) {
                continue;
            }
            if !self.wanted.tags.is_empty() && !has_readable_tags(group.name) {
                leave(
                    group.name,
                    "AWS does not tell the tags of a log group with `#` in its name; name it to take it, or exclude it",
                );
                continue;
            }
            if !self.carries(group.name, tags) {
                continue;
            }
            if let Some(reason) = own(group.name) {
                leave(group.name, &reason);
            } else if !matches!(group.class, "" | "STANDARD") {
                leave(
                    group.name,
                    &format!("its class is {}, and only STANDARD can be subscribed", group.class),
                );
            } else {
                groups.insert(group.name.to_owned());
            }
        }
        Selection {
            groups: groups.into_iter().collect(),
            left_out: left_out.into_iter().collect(),
            unmatched: self.unmatched(candidates, tags),
        }
    }

    /// Whether more than what is named is meant.
    fn is_wide(&self) -> bool {
        self.wanted.all || !self.wanted.globs.is_empty() || !self.wanted.tags.is_empty()
    }

    /// Whether everything but the tags speaks for it.
    fn may_match(&self, name: &str) -> bool {
        let everything = self.wanted.all || (self.wanted.globs.is_empty() && !self.wanted.tags.is_empty());
        (everything || self.globs.is_match(name)) && !self.excludes.is_match(name)
    }

    fn carries(&self, name: &str, tags: &BTreeMap<String, Tags>) -> bool {
        let carried = tags.get(name);
        self.wanted.tags.iter().all(|(key, value)| carried.and_then(|tags| tags.get(key)) == Some(value))
    }

    fn unmatched(&self, candidates: &[Candidate<'_>], tags: &BTreeMap<String, Tags>) -> Vec<String> {
        let unmatched_of = |texts: &[String], globs: &Globs| -> BTreeSet<String> {
            let is_unmatched = |glob: &Glob| !candidates.iter().any(|group| glob.matches(group.name));
            let pairs = texts.iter().zip(&globs.0).filter(|(_, glob)| is_unmatched(glob));
            pairs.map(|(text, _)| format!("`{text}`")).collect()
        };
        let mut unmatched = unmatched_of(&self.wanted.globs, &self.globs);
        unmatched.extend(unmatched_of(&self.wanted.excludes, &self.excludes));
        let carried = |key: &str, value: &String| tags.values().any(|tags| tags.get(key) == Some(value));
        let absent = self.wanted.tags.iter().filter(|(key, value)| !carried(key, value));
        unmatched.extend(absent.map(|(key, value)| format!("tag `{key}={value}`")));
        unmatched.into_iter().collect()
    }
}

/// Whether AWS can be asked for the tags of a log group. `ListTagsForResource` takes no `#` in an ARN, though names of
/// log groups may have one; see [`TAGGABLE_LOGS_RESOURCE`](super::limits::model::TAGGABLE_LOGS_RESOURCE).
pub(super) fn has_readable_tags(name: &str) -> bool {
    !name.contains('#')
}

/// Whether a glob can only match itself: it has the letters that names of log groups may have.
fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./#".contains(&b))
}

/// Compiled patterns, in the order in which they were given.
#[derive(Debug, Clone)]
struct Globs(Vec<Glob>);

impl Globs {
    fn new(patterns: &[String]) -> Result<Self, BadGlob> {
        patterns.iter().map(|pattern| Glob::new(pattern)).collect::<Result<_, _>>().map(Self)
    }

    fn is_match(&self, name: &str) -> bool {
        self.0.iter().any(|glob| glob.matches(name))
    }
}

#[cfg(test)]
mod tests;
