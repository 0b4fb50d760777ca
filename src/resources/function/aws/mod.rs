//! Lambda: the forwarder.

mod act;
mod failed_setup;
mod function;
mod handover;
mod invoke;
mod secrets;
mod start;
mod start_reason;
#[cfg(test)]
mod start_tests;

pub(crate) use act::act;
pub(crate) use function::{await_function, log_group_of, needed, observe_function};
#[cfg(test)]
pub(crate) use function::{create_function, delete_function};
pub(crate) use invoke::{Invoked, invoke};
pub(crate) use secrets::look_at_secrets;
pub(crate) use start::start_function;
