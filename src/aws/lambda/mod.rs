//! Lambda: the forwarder and its trigger.

mod function;
mod start;
mod start_reason;
mod trigger;

pub(crate) use function::{
    Configuration, await_function, create_function, delete_function, is_there, log_group_of,
    observe_function, set_concurrency, tag_function, unset_concurrency, update_code, update_configuration,
};
pub(crate) use start::start_function;
pub(crate) use trigger::{
    Mappings, await_enabled, await_gone, create_trigger, delete_trigger, function_name, observe_triggers,
    readers_by, update_trigger,
};

const SERVICE: &str = "lambda";
