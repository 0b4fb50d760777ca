//! The account-level subscription policy.

pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
pub(crate) mod desired;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
