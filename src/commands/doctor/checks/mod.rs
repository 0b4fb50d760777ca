//! The checks, one file for each category. Pure.

pub(super) mod access;
pub(super) mod forwarder;
pub(super) mod stream;
#[cfg(test)]
mod tests;
pub(super) mod tried;
pub(super) mod trigger;
