//! Flags that several verbs share, the values that they take, and the command line as it was typed.

mod change;
mod command_line;
mod detail;
mod filter;
mod log_groups;
mod log_service;
pub(crate) mod moment;
mod stack;
pub(crate) mod values;

pub(crate) use change::Change;
pub(crate) use command_line::CommandLine;
pub(crate) use detail::Detail;
pub(crate) use filter::Filter;
pub(crate) use log_groups::Groups;
pub(crate) use log_service::{DestinationArgs, TOKEN_VARIABLE};
pub(crate) use stack::StackArg;
