//! `cwl2le list`: the stacks of the account and region.

mod report;
mod row;
#[cfg(test)]
mod tests;
mod verb;

#[cfg(test)]
pub(crate) use report::{ListReport, Row};
pub(crate) use verb::List;
