//! `cwl2le demo`

mod application;
mod report;
mod tally;
mod verb;
mod world;

pub(crate) use verb::Demo;
