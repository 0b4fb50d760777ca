//! `cwl2le versions`.

mod report;
mod verb;

#[cfg(test)]
pub(crate) use report::{FunctionVersions, PublishedVersion, VersionsReport};
pub(crate) use verb::Versions;
