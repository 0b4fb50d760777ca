//! Which checks `--only` means.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;

use super::examine::Examined;
use super::registry::{BEFORE, CATEGORIES};

/// Takes the names of all categories and checks. For any other word clap says which of them is near.
pub(super) fn names() -> PossibleValuesParser {
    let all = || CATEGORIES.iter().chain(BEFORE);
    let categories = all().map(|category| category.name);
    let checks = all().flat_map(|category| category.checks).map(|check| check.name);
    // Some stand in both lists.
    let mut seen = BTreeSet::new();
    PossibleValuesParser::new(categories.chain(checks).filter(move |name| seen.insert(*name)))
}

/// Keeps what `only` names; all of it if that names nothing.
pub(super) fn select(mut all: Vec<Examined>, only: &[String]) -> Vec<Examined> {
    let is_meant = |name: &str| only.iter().any(|meant| meant == name);
    all.retain(|one| only.is_empty() || is_meant(one.category.name) || is_meant(one.check.name));
    all
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Evidence;
    use super::super::examine::examine;
    use super::*;

    fn chosen(only: &[&str]) -> BTreeSet<&'static str> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        let all = examine(CATEGORIES, &Evidence::default());
        select(all, &only).iter().map(|one| one.check.name).collect()
    }

    #[test]
    fn a_category_means_its_checks_and_nothing_means_all() {
        assert_eq!(chosen(&["credentials"]), BTreeSet::from(["credentials"]));
        let access = chosen(&["access"]);
        assert!(access.contains("credentials") && access.contains("clock"));
        assert_eq!(chosen(&["access", "clock"]), access);
        assert!(chosen(&[]).len() > access.len());
    }
}
