//! The forwarder functions: the main one, and one for each isolated destination.

pub(crate) mod aws;
pub(crate) mod code;
#[cfg(test)]
mod code_tests;
pub(crate) mod configuration;
#[cfg(test)]
mod configuration_tests;
pub(crate) mod desired;
pub(crate) mod environment;
#[cfg(test)]
mod environment_tests;
pub(crate) mod forwarders;
pub(crate) mod isolation;
#[cfg(test)]
pub(crate) mod isolation_tests;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
pub(crate) mod release;
pub(crate) mod retire;
pub(crate) mod secrets;
#[cfg(test)]
mod secrets_tests;
pub(crate) mod sharing;
#[cfg(test)]
mod sharing_tests;
pub(crate) mod start;
