//! The forwarder functions: the main one, and one for each isolated destination.

mod action;
pub(crate) mod aws;
#[cfg(test)]
mod aws_tests;
pub(crate) mod bundle;
pub(crate) mod code;
#[cfg(test)]
mod code_tests;
pub(crate) mod configuration;
#[cfg(test)]
mod configuration_tests;
mod declare;
pub(crate) mod desired;
pub(crate) mod environment;
#[cfg(test)]
mod environment_tests;
pub(crate) mod forwarders;
pub(crate) mod isolation;
#[cfg(test)]
pub(crate) mod isolation_tests;
mod losses;
#[cfg(test)]
pub(crate) mod model;
pub(crate) mod network;
pub(crate) mod observe;
pub(crate) mod observed;
pub(crate) mod plan;
#[cfg(test)]
mod plan_tests;
mod readable;
pub(crate) mod release;
pub(crate) mod retire;
pub(crate) mod secrets;
#[cfg(test)]
mod secrets_tests;
pub(crate) mod sharing;
#[cfg(test)]
mod sharing_tests;
pub(crate) mod teardown;
pub(crate) mod undelivered;

pub(crate) use action::Function;
pub use action::{Action, CreateFunction};
