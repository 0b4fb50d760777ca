//! The forwarder's own log, line by line: what the forwarder and Lambda write into it, as types. Any line can be read,
//! of any version of the forwarder and of either log format. Pure: no SDK, no clock.
//!
//! Texts are kept as they were logged. Whoever shows one has it pass [`visible`](crate::output::visible) first.

mod entry;
mod invocation;
mod note;
mod platform;
mod text;

#[cfg(test)]
mod tests;

pub use entry::{Canary, Entry, Started};
pub use invocation::{Counts, Delivery, Invocation, Quarantine};
pub use note::{Level, Note};
pub use platform::{Platform, PlatformKind};
