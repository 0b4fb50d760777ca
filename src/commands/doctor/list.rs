//! `cwl2le doctor --list`

use std::fmt;

use serde::Serialize;

use super::check::Category;
use crate::output::style::{BOLD, DIM};

/// All checks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CheckList {
    /// In the order in which they are made.
    pub checks: Vec<Listed>,
}

/// A check without its result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Listed {
    /// The category, as `--only` takes it.
    pub category: &'static str,
    /// What stands above its checks.
    #[serde(skip)]
    title: &'static str,
    /// The name, as `--only` takes it.
    pub check: &'static str,
    /// What it says if all is well.
    pub about: &'static str,
    /// The checks that it needs.
    pub needs: Vec<&'static str>,
    /// Its section of the documentation.
    pub link: String,
}

impl CheckList {
    pub(super) fn of(categories: &[Category]) -> Self {
        let checks = categories.iter().flat_map(|category| {
            category.checks.iter().map(|check| Listed {
                category: category.name,
                title: category.title,
                check: check.name,
                about: check.about,
                needs: category.needs.iter().chain(check.needs).copied().collect(),
                link: check.link(),
            })
        });
        Self { checks: checks.collect() }
    }
}

impl fmt::Display for CheckList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.checks.iter().map(|listed| listed.check.len()).max().unwrap_or(0);
        let mut category = "";
        for Listed { category: name, title, check, about, link, .. } in &self.checks {
            if *name != category {
                let between = if category.is_empty() { "" } else { "\n" };
                writeln!(f, "{between}{BOLD}{title}{BOLD:#}  {DIM}--only {name}{DIM:#}")?;
                category = name;
            }
            writeln!(f, "  {check:<width$}  {about}\n  {:<width$}  {DIM}{link}{DIM:#}", "")?;
        }
        Ok(())
    }
}
