//! Tests of whole runs.

mod every_call;
mod faults;
mod runs;
mod texts;
pub(super) mod world;
