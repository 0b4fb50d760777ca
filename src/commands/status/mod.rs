//! `cwl2le status`

mod log_lines;
mod parts;
mod report;
mod text;
mod verb;

#[cfg(test)]
pub(crate) use report::{AccountPolicy, Destination, Part, StatusReport, Subscription};
pub(crate) use verb::Status;
