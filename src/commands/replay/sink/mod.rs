//! Where records are sent.

mod interface;
mod pace;
pub(super) mod stream;

pub(super) use interface::{Fate, Sink, Target};
