//! The Lambda function of cwl2le as a library.
//!
//! Data flows one way: event -> payload -> route -> shape -> line -> destination -> receipt -> batch outcome.

pub mod aggregate;
pub mod aws;
mod backslash;
pub mod batch;
pub mod certificate;
mod compact;
pub mod config;
pub mod destination;
mod digits;
pub mod event;
mod extracted;
pub mod format;
pub mod glob;
pub mod http;
mod inflate;
pub mod journal;
mod lane;
pub mod ledger;
pub mod line;
pub mod metrics;
mod options;
mod pace;
pub mod parts;
pub mod payload;
pub mod quarantine;
pub mod receipt;
pub mod redactor;
pub mod reference;
pub mod remembered;
mod room;
pub mod route;
pub mod runtime;
pub mod secret;
pub mod severity;
pub mod shape;
pub mod store;
mod strict;
mod tls;
mod vectors;

pub use batch::{Forwarder, Outcome, Response};
pub use lane::{LaneReport, Persistence, Rejection};
pub use options::Options;
