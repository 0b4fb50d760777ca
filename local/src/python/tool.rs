//! A tool that is a Python package.

/// A tool that is installed from PyPI: its pinned requirements are part of this crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// The package, which also names the entry in the cache.
    pub name: &'static str,
    /// What it is for, as a person is told while it is being installed.
    pub purpose: &'static str,
    /// The requirements file: every package with its version and hashes.
    pub requirements: &'static str,
}

impl Tool {
    /// The pinned version of the tool itself.
    pub fn version(&self) -> &'static str {
        self.requirements
            .lines()
            .find_map(|line| line.strip_prefix(self.name)?.strip_prefix("=="))
            .map_or("", |rest| rest.split_whitespace().next().unwrap_or_default())
    }
}
