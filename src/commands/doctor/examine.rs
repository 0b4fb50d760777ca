//! Makes the checks. Pure.

use std::collections::BTreeMap;

use super::check::{Category, Check};
use super::evidence::Evidence;
use super::finding::{Finding, State};

/// One finding of one check.
#[derive(Debug, Clone)]
pub(super) struct Examined {
    pub(super) category: &'static Category,
    pub(super) check: &'static Check,
    pub(super) finding: Finding,
}

/// Makes all checks, in their order. A failed one does not end it: only what needs it is skipped, and of several things
/// only those that failed.
pub(super) fn examine(categories: &'static [Category], evidence: &Evidence) -> Vec<Examined> {
    let mut all: Vec<Examined> = Vec::new();
    let mut failed: BTreeMap<&'static str, Vec<Option<String>>> = BTreeMap::new();
    for category in categories {
        for check in category.checks {
            let needs = || category.needs.iter().chain(check.needs).copied();
            let blocked = |subject: &Option<String>| {
                needs().find(|name| {
                    let failed = failed.get(name).into_iter().flatten();
                    failed.clone().any(|other| other.is_none() || other == subject)
                })
            };
            let findings = match blocked(&None) {
                Some(name) => vec![Finding::skipped(name)],
                None => (check.judge)(evidence)
                    .unwrap_or_else(|unknown| vec![unknown])
                    .into_iter()
                    .map(|finding| match blocked(&finding.subject) {
                        Some(name) => Finding::skipped(name).about(finding.subject.as_deref()),
                        None => finding,
                    })
                    .collect(),
            };
            let bad = findings.iter().filter(|finding| !matches!(finding.state, State::Ok | State::Warn));
            let bad: Vec<Option<String>> = bad.map(|finding| finding.subject.clone()).collect();
            failed.insert(check.name, bad);
            all.extend(findings.into_iter().map(|finding| Examined { category, check, finding }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: &str, state: State) -> Finding {
        Finding { state, ..Finding::ok("x").about(Some(subject)) }
    }

    static CATEGORIES: &[Category] = &[
        Category {
            name: "one",
            title: "one",
            needs: &[],
            checks: &[
                Check::new("fine", "", |_| Ok(vec![Finding::ok("fine")])),
                Check::new("broken", "", |_| Ok(vec![Finding::fault("broken")])),
                Check::new("denied", "", |_| Err(Finding::unknown("denied"))),
                Check::new("on-broken", "", |_| panic!("is not made")).needs(&["broken"]),
                Check::new("on-that", "", |_| panic!("is not made")).needs(&["fine", "on-broken"]),
                Check::new("on-denied", "", |_| panic!("is not made")).needs(&["denied"]),
                Check::new("nothing", "", |_| Ok(Vec::new())),
            ],
        },
        Category {
            name: "two",
            title: "two",
            needs: &["fine"],
            checks: &[
                Check::new("each", "", |_| Ok(vec![of("a", State::Fault), of("b", State::Warn)])),
                Check::new("on-each", "", |_| Ok(vec![of("a", State::Ok), of("b", State::Ok)]))
                    .needs(&["each"]),
            ],
        },
        Category {
            name: "three",
            title: "three",
            needs: &["broken"],
            checks: &[Check::new("below", "", |_| panic!("is not made"))],
        },
    ];

    #[test]
    fn a_fault_ends_nothing_but_what_needs_it() {
        let all = examine(CATEGORIES, &Evidence::default());
        let all: Vec<(&str, Option<&str>, State, Option<&str>)> = all
            .iter()
            .map(|one| (one.check.name, one.finding.subject.as_deref(), one.finding.state, one.finding.needs))
            .collect();
        assert_eq!(
            all,
            [
                ("fine", None, State::Ok, None),
                ("broken", None, State::Fault, None),
                ("denied", None, State::Unknown, None),
                ("on-broken", None, State::Skipped, Some("broken")),
                ("on-that", None, State::Skipped, Some("on-broken")),
                ("on-denied", None, State::Skipped, Some("denied")),
                ("each", Some("a"), State::Fault, None),
                ("each", Some("b"), State::Warn, None),
                ("on-each", Some("a"), State::Skipped, Some("each")),
                ("on-each", Some("b"), State::Ok, None),
                ("below", None, State::Skipped, Some("broken")),
            ]
        );
    }
}
