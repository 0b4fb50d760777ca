//! The published versions of the functions, and the alias that says which of them gets the records.

pub(crate) mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
mod choose;
mod declare;
mod differences;
pub(crate) mod freeze;
mod goal;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observed;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
mod prune;
mod rollback;
#[cfg(test)]
mod rollback_tests;
mod start;

pub(crate) use action::Alias;
pub use action::{Action, From, Settings, Version};
pub use observed::LIVE;
pub(crate) use rollback::back_step;
pub use rollback::{must_see_pins_of, rollback};
