//! Records that no retry can help, kept in S3.

mod aside;
mod keep;
mod place;
#[cfg(test)]
pub(crate) mod refused_tests;

pub use aside::{Refusals, Refused, Rejection, SetAside};
pub use keep::{PATIENCE, Quarantine, Report, advice};
pub use place::Place;
