//! The two IAM roles.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
mod declare;
pub(crate) mod desired;
pub mod documents;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observe;
pub(crate) mod observed;
pub(crate) mod plan;
pub(crate) mod same_meaning;

pub use action::Action;
pub(crate) use action::Role;
