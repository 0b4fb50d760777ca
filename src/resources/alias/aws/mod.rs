//! Lambda: versions and aliases.

mod act;
mod read;

pub(crate) use act::act;
pub(crate) use read::{milliseconds, observe, snapshot};
