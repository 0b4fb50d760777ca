//! The checks, one file for each category. Pure.

pub(super) mod access;
pub(super) mod accounts;
#[cfg(test)]
mod accounts_tests;
pub(super) mod before;
#[cfg(test)]
mod before_tests;
pub(super) mod conservation;
pub(super) mod cost;
pub(super) mod delivery;
pub(super) mod forwarder;
pub(super) mod kept;
pub(super) mod network;
#[cfg(test)]
mod network_tests;
mod remedy;
mod shards;
pub(super) mod stack;
pub(super) mod stream;
pub(super) mod subscriptions;
#[cfg(test)]
mod tests;
pub(super) mod tried;
pub(super) mod trigger;
pub(super) mod watching;
mod words;
