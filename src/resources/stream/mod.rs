//! The Kinesis data stream.

pub(crate) mod aws;
pub(crate) mod desired;
#[cfg(test)]
mod plan_tests;
