//! Tests of whole runs.

mod faults;
mod runs;
mod world;
