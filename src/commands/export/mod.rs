//! `cwl2le export`: the planned stack as a template of another tool.

mod format;
mod report;
mod verb;

#[cfg(test)]
pub(crate) use report::{ExportReport, Secret};
pub(crate) use verb::Export;
