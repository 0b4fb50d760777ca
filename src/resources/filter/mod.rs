//! Subscription filters of log groups.

mod action;
pub(crate) mod aws;
mod declare;
pub(crate) mod desired;
#[cfg(test)]
mod loop_tests;
pub(crate) mod loops;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observe;
pub(crate) mod observed;
pub(crate) mod own;
pub(crate) mod plan;
pub(crate) mod recursion;

pub use action::Action;
pub(crate) use action::Filter;
pub(crate) use declare::{before_records, before_subscriptions};
