//! Saved and listed events as records, and the forwarder without a network: what `preview` and `forward` share.
//!
//! Events become records like those that the function gets, and the function's library does the rest.

mod bounded;
mod document;
mod hints;
mod input;
mod listed;
mod record;
mod sink;
#[cfg(test)]
mod tests;
mod unusable;

pub(crate) use hints::Hints;
pub(crate) use input::Input;
pub(crate) use record::{Origin, Record, SavedEvent, cap, invocation};
pub(crate) use sink::{Framed, Nowhere, ToBuffer, Watch};
