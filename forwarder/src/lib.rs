//! The Lambda function of cwl2le as a library.
//!
//! Data flows one way: record -> route -> shape -> line -> destination. `delivery` drives it for one invocation and
//! answers for it; `function` is what Lambda sees of that.

pub mod aws;
pub mod config;
mod config_error;
pub mod delivery;
pub mod destination;
pub mod function;
pub mod glob;
pub mod line;
pub mod net;
pub mod note;
pub mod quarantine;
pub mod record;
pub mod route;
#[cfg(feature = "schema")]
pub mod schema;
pub mod secret;
pub mod shape;
pub mod style;

pub use delivery::{Forwarder, LaneReport, Options, Outcome, Response, Retries};
