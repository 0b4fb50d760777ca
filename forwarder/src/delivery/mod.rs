//! One invocation: its lanes, one a destination, the ledger of what became of everything, and the answer to AWS.

pub mod account;
mod batch;
pub mod canary;
mod claim;
mod counts;
mod decode;
pub mod fate;
mod forwarder;
mod lane;
mod ledger;
mod options;
mod outcome;
mod pace;
mod remembered;
mod retries;
mod room;
mod walk;

pub use counts::Counts;
pub use forwarder::Forwarder;
pub use options::Options;
pub use outcome::{ItemFailure, LaneReport, NoCheckpoint, Outcome, Response};
pub use retries::Retries;
