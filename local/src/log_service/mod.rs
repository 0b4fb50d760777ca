//! A log service on 127.0.0.1 that can be made to fail in every way a real one does.
//!
//! It takes lines over TCP, plain or TLS, and remembers each with the moment it arrived. It runs on a thread
//! of its own, so that a test or a demo may block, sleep or be slow without the service noticing. Faults can
//! be switched at any time; dropping the [`LogService`] ends it.
//!
//! ```
//! use cwl2le_local::log_service::{Fault, LogService, Options};
//!
//! let service = LogService::start(Options::default())?;
//! println!("send lines to {}", service.address());
//! service.set_fault(Fault::Stall); // from now on nothing is read
//! # Ok::<(), std::io::Error>(())
//! ```

mod connection;
mod fault;
mod http;
mod listener;
mod options;
mod received;
mod requests;
mod service;
mod shared;
#[cfg(test)]
mod tests;
mod tls;
mod webhook;

pub use fault::{Certificate, Fault, Protocol, Transport};
pub use http::{Answer, Request};
pub use options::Options;
pub use received::{Line, TooFewLines};
pub use service::LogService;
