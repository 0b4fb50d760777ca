//! `cwl2le upgrade`: a new version of the forwarder, which has to prove itself before and while it is live.

mod back;
mod counted;
mod live;
mod moved;
mod report;
mod run;
mod watch;

pub(crate) use moved::{Moved, moved, versions};
pub(crate) use report::UpgradeReport;
#[cfg(test)]
pub(crate) use report::{Outcome as UpgradeOutcome, Watched};
pub(crate) use run::Upgrade;
