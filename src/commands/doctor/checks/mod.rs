//! The checks, one file for each category. Pure.

pub(super) mod access;
pub(super) mod forwarder;
pub(super) mod stream;
pub(super) mod tried;
pub(super) mod trigger;
