//! Records that no retry can help, kept in S3.

mod keep;
mod place;
#[cfg(test)]
pub(crate) mod refused_tests;

pub use keep::{PATIENCE, Quarantine, Report, advice};
pub use place::Place;
