//! Flags that several verbs share, the values that they take, and the command line as it was typed.

mod command_line;
mod stack;
pub(crate) mod values;

pub use command_line::CommandLine;
pub use stack::{DestinationArgs, FunctionArgs, ResourceArgs, StreamArgs, TOKEN_VARIABLE, TriggerArgs};
