//! `cwl2le doctor`

#![allow(clippy::result_large_err, reason = "a finding is large, and a run makes a few dozen")]

mod around;
mod before;
mod check;
mod checks;
mod evidence;
mod examine;
mod finding;
mod gather;
mod list;
mod look_around;
mod look_before;
mod look_network;
mod placed;
mod registry;
mod report;
mod rights;
mod select;
mod setup_flags;
mod text;
mod tries;
mod verb;

pub(crate) use verb::Doctor;
