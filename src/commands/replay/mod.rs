//! `cwl2le replay`: sends records again that were not delivered.
//!
//! A [`source::Source`] hands out records, a [`sink::Sink`] takes them, and [`run`] is the loop between them: it counts,
//! paces, stops, and tells the source what is done. What was sent from a bucket is written down in that bucket, in
//! manifests, so that nothing is sent twice by accident.

mod args;
mod chosen;
mod ground;
mod open;
mod reading;
mod report;
mod run;
mod sink;
mod source;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod verb;

pub(crate) use args::Replay;
#[cfg(test)]
pub(crate) use report::ReplayReport;
#[cfg(test)]
pub(crate) use sink::{Delivery, Target};
#[cfg(test)]
pub(crate) use tally::{LeftOut, OfGroup, Unreadable};
