//! `cwl2le demo`

mod application;
mod bar;
mod kept;
mod leftovers;
mod play;
mod report;
mod story;
mod tally;
mod verb;
mod world;

pub(crate) use verb::Demo;
