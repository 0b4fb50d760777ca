//! The CloudWatch dashboard of a stack.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
pub(crate) mod body;
mod declare;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observed;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;

pub use action::Action;
pub(crate) use action::Dashboard;
