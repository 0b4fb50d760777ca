//! `cwl2le logs`: what the forwarder says in its own log, one line for each invocation.
//!
//! A [`source`] gives pages of events, [`history`] puts those of the past in order, and [`follow`] goes on with new
//! ones. A [`window`] knows what has been shown. The [`screen`] folds, filters and writes lines; [`row`] is what a line
//! looks like.

mod args;
mod fold;
mod follow;
mod groups;
mod history;
mod report;
mod row;
mod screen;
mod source;
#[cfg(test)]
mod tests;
mod verb;
mod window;

pub(crate) use args::Logs;
