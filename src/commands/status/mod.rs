//! `cwl2le status`

mod isolated;
mod log_lines;
mod text;
mod verb;

pub use verb::StatusReport;
pub(crate) use verb::run;
#[cfg(test)]
pub(crate) use verb::{AccountPolicy, Destination, Part, Subscription};
