//! A local AWS and a local log service, for the demo and the tests.

pub mod awscli;
pub mod cache;
pub mod call;
pub mod call_proxy;
pub mod error;
pub mod field;
mod guarded;
mod http;
pub mod log_service;
pub mod microburst;
pub mod ministack;
pub mod moto;
pub mod python;
mod reserved_port;
pub mod rie;

pub use cache::{Cache, Progress};
pub use call::Call;
pub use call_proxy::{CallProxy, Fault, Injection, Step, When};
pub use error::LocalError;
pub use field::FieldServer;
pub use guarded::private_folder;
pub use microburst::Microburst;
pub use ministack::{Credentials, Lag, LocalAws, Metric, Options};
pub use moto::Moto;
pub use reserved_port::ReservedPort;
