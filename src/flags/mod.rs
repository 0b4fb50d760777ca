//! Flags that several verbs share, the values that they take, and the command line as it was typed.

mod change;
mod command_line;
mod filter;
mod log_groups;
mod stack;
pub(crate) mod values;
mod wanted;

pub use change::Change;
pub use command_line::CommandLine;
pub use filter::Filter;
pub use log_groups::Groups;
pub use stack::{DestinationArgs, FunctionArgs, ResourceArgs, StreamArgs, TOKEN_VARIABLE, TriggerArgs};
pub use wanted::{StackArg, Wanted};
