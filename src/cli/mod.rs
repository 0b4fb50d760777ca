//! Flags, help and environment variables; nothing else.

mod arguments;
pub(crate) mod denied;
mod given;
pub(crate) mod misplaced_keys;
mod replay;
#[cfg(test)]
mod tests;
mod unparsed;

pub use crate::flags::{
    CommandLine, DestinationArgs, FunctionArgs, ResourceArgs, StreamArgs, TOKEN_VARIABLE, TriggerArgs,
};
pub use arguments::*;
pub use given::learn_secrets;
pub use replay::{Forward, Moment, Preview};
pub use unparsed::unparsed;
