//! The network: the HTTP client, TLS, and why a certificate was refused.

pub mod certificate;
mod failure;
pub mod http;
pub(crate) mod tls;

pub use failure::{Failure, FailureKind};
