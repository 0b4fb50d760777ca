//! The two IAM roles.

pub(crate) mod aws;
pub(crate) mod desired;
pub mod documents;
pub(crate) mod same_meaning;
