//! `cwl2le forward`

mod lines;
mod position;
mod report;
#[cfg(test)]
mod tests;
mod verb;

pub use report::ForwardReport;
#[cfg(test)]
pub(crate) use report::Refused;
pub(crate) use verb::run;
