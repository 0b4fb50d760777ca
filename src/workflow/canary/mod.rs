//! A canary: one line that is written to the beginning of the chain and looked for at each part of it.

mod causes;
mod closer;
mod direct;
mod hop;
mod look;
mod mark;
mod notes;
mod outcome;
mod place;
mod proof;
mod report;
mod rows;
mod run;
mod seen;
mod shards;
mod version;
mod via;
mod watch;

pub(crate) use hop::Hop;
#[cfg(test)]
pub(crate) use hop::{Leg, State};
pub(crate) use report::CanaryReport;
pub(crate) use run::Canary;
pub(crate) use version::{VersionCanary, ask_versions};
pub(crate) use via::Via;
