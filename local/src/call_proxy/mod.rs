//! A proxy that counts AWS calls and lets a chosen one fail, before or after AWS has carried it out.
//!
//! Tests run the CLI against it to learn its calls, and then again for every call with every fault. A script plays
//! several faults one after the other to the calls of one operation: throttled eight times, then a lost connection, and
//! so on.

mod fault;
mod injection;
mod message;
mod proxy;
mod quota;
mod script;

pub use fault::Fault;
pub use injection::{Injection, When};
pub use proxy::CallProxy;
pub use script::Step;
