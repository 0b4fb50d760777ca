//! A local AWS and a local log service, for the demo and the tests.

pub mod cache;
pub mod error;
mod http;
pub mod log_service;
pub mod ministack;
pub mod python;

pub use cache::{Cache, Progress};
pub use error::LocalError;
pub use ministack::{Credentials, LocalAws, Options};
