//! `cwl2le doctor`

mod check;
mod checks;
mod evidence;
mod examine;
mod finding;
mod gather;
mod list;
mod registry;
mod report;
mod select;
mod text;
mod tries;
mod verb;

pub(crate) use verb::Doctor;
