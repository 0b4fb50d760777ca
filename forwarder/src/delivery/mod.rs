//! One invocation: its lanes, one a destination, the ledger of what became of everything, and the answer to AWS.

pub mod batch;
mod claim;
mod counts;
mod decode;
pub(crate) mod lane;
pub mod ledger;
mod options;
mod pace;
pub mod remembered;
mod room;

pub use batch::{Forwarder, Outcome, Response};
pub use lane::{LaneReport, Persistence, Rejection};
pub use options::Options;
