//! The network: the HTTP client, TLS, and why a certificate was refused.

pub mod certificate;
pub mod http;
pub(crate) mod tls;
