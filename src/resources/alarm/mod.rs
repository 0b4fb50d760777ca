//! The CloudWatch alarms on a stack.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
mod declare;
pub(crate) mod desired;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod observed;
pub(crate) mod plan;
#[cfg(test)]
pub(crate) mod plan_tests;
pub(crate) mod rule;
pub(crate) mod set;

pub use action::Action;
pub(crate) use action::Alarm;
