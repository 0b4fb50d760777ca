//! The published versions of the functions, and the alias that says which of them gets the records.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
mod freeze;
mod goal;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observed;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
mod prune;
mod start;

pub(crate) use action::Alias;
pub use action::{Action, From, Version};
pub(crate) use freeze::freeze;

/// The alias that the event source mapping calls.
pub const LIVE: &str = "live";
