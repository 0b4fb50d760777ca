//! Log services that take a stream of bytes over TCP and answer nothing.

mod closing;
mod connection;
mod proof;
mod race;
mod receipt;
mod session;
mod wire;

pub(crate) use closing::Closing;
pub(crate) use connection::{Connection, Target};
pub use proof::Receipt;
pub(crate) use session::{Framing, build};
