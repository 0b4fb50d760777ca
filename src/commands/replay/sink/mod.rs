//! Where records are sent.

mod interface;
mod pace;
pub(super) mod stream;

pub(crate) use interface::Target;
pub(super) use interface::{Fate, Sink};
