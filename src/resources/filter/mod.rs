//! Subscription filters of log groups.

pub(crate) mod desired;
#[cfg(test)]
mod loop_tests;
pub(crate) mod loops;
pub(crate) mod plan;
pub(crate) mod recursion;
