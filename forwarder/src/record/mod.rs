//! From the event of an invocation to log events: records, what is packed into them, and the payloads they hold.

pub mod aggregate;
pub mod event;
pub(crate) mod extracted;
mod inflate;
pub mod json;
pub mod parts;
pub mod payload;
pub(crate) mod vectors;
