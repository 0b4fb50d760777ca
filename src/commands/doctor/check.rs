//! What a check is.

use super::evidence::{Evidence, Judged};
use crate::documentation::page;

/// One question about the chain. It has one stable name, and a section of that name in `docs/doctor.md`.
#[derive(Debug)]
pub(super) struct Check {
    /// Its name, in lower case with hyphens.
    pub(super) name: &'static str,
    /// What is as it should be, in one line, for `--list`.
    pub(super) about: &'static str,
    /// The checks that must not have failed: without them this one would say nothing, or blame the wrong part.
    pub(super) needs: &'static [&'static str],
    /// Answers the question from what was read. Pure. One finding for each thing that it looks at, such as each
    /// destination; none where there is nothing to look at.
    pub(super) judge: fn(&Evidence) -> Judged,
}

impl Check {
    /// A check that needs no other one.
    pub(super) const fn new(name: &'static str, about: &'static str, judge: fn(&Evidence) -> Judged) -> Self {
        Self { name, about, needs: &[], judge }
    }

    /// The same, if none of these has failed.
    pub(super) const fn needs(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }

    /// Where its section of the documentation is.
    pub(super) fn link(&self) -> String {
        page(&format!("doctor.md#{}", self.name))
    }
}

/// The checks of one part of the chain.
#[derive(Debug)]
pub(super) struct Category {
    /// Its name, as `--only` takes it.
    pub(super) name: &'static str,
    /// What stands above its checks.
    pub(super) title: &'static str,
    /// What each of its checks needs, besides its own needs.
    pub(super) needs: &'static [&'static str],
    /// In the order in which they are shown.
    pub(super) checks: &'static [Check],
}
