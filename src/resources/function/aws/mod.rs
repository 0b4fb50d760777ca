//! Lambda: the forwarder.

mod function;
mod start;
mod start_reason;
#[cfg(test)]
mod start_tests;

pub(crate) use function::{
    Configuration, await_function, create_function, delete_function, is_there, log_group_of, number,
    observe_function, sdk_number, set_concurrency, tag_function, unset_concurrency, update_code,
    update_configuration,
};
pub(crate) use start::start_function;

pub(crate) const SERVICE: &str = "lambda";
