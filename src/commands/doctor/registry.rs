//! The list of all checks.

use super::check::Category;
use super::checks::{
    access, accounts, before, conservation, cost, delivery, forwarder, kept, network, stack, stream,
    subscriptions, tried, trigger, watching,
};

/// All checks by category, in the order in which a log line passes what they look at.
pub(super) static CATEGORIES: &[Category] = &[
    access::CATEGORY,
    stack::CATEGORY,
    stream::CATEGORY,
    trigger::CATEGORY,
    forwarder::CATEGORY,
    network::CATEGORY,
    delivery::CATEGORY,
    conservation::CATEGORY,
    kept::CATEGORY,
    subscriptions::CATEGORY,
    accounts::CATEGORY,
    watching::CATEGORY,
    cost::CATEGORY,
    tried::CATEGORY,
];

/// The checks before anything is set up.
pub(super) static BEFORE: &[Category] = &[
    access::BEFORE,
    before::RIGHTS,
    before::SETTINGS,
    before::QUOTAS,
    network::CATEGORY,
    before::LOG_SERVICES,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_what_a_check_needs_stands_before_it() {
        for categories in [CATEGORIES, BEFORE] {
            let mut seen = BTreeSet::new();
            for category in categories {
                assert!(seen.insert(category.name), "{}", category.name);
                for check in category.checks {
                    for needed in category.needs.iter().chain(check.needs) {
                        assert!(seen.contains(needed), "{} needs {needed}", check.name);
                    }
                    let plain = |c: char| c.is_ascii_lowercase() || c == '-';
                    assert!(check.name.chars().all(plain) && !check.about.is_empty(), "{}", check.name);
                    assert!(seen.insert(check.name), "{} is there twice", check.name);
                }
            }
        }
    }

    #[test]
    fn every_check_has_its_section_in_the_documentation() {
        let text = include_str!("../../../docs/doctor.md");
        let sections: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let all = || CATEGORIES.iter().chain(BEFORE);
        let checks: BTreeSet<&str> =
            all().flat_map(|category| category.checks).map(|check| check.name).collect();
        assert_eq!(sections, checks, "the sections of docs/doctor.md, and the checks");
        for title in all().map(|category| category.title) {
            assert!(text.lines().any(|line| line.to_lowercase() == format!("## {title}")), "{title}");
        }
    }
}
