//! `cwl2le forward`

mod args;
mod lines;
mod position;
mod report;
#[cfg(test)]
mod tests;
mod verb;

pub(crate) use args::Forward;
#[cfg(test)]
pub(crate) use report::{ForwardReport, Refused};
