//! The event source mapping from the stream to the forwarder.

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

pub use action::Action;
pub(crate) use action::Trigger;
