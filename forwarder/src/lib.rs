//! The Lambda function of cwl2le as a library.
//!
//! Data flows one way: event -> payload -> route -> line -> destination -> receipt -> batch outcome.

pub mod config;
pub mod event;
pub mod line;
pub mod payload;
pub mod route;
pub mod secret;
