//! The CloudWatch Logs destination: what other accounts subscribe their log groups to.

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
mod plan_tests;

pub use action::Action;
pub(crate) use action::LogsDestination;
