//! The account-level subscription policy.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
mod declare;
pub(crate) mod desired;
pub(crate) mod leave_out;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod own;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;

pub(crate) use action::AccountPolicy;
pub use action::Action;
