//! `cwl2le cost`: what a stack costs a month, and what more log groups would cost.

mod added;
mod args;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod verb;

pub(crate) use args::Cost;
#[cfg(test)]
pub(crate) use report::{Added, CostReport, Gap, GroupRow, LogService, Row};
