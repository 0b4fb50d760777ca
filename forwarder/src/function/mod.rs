//! What Lambda sees: its runtime API, the function's log and the metrics in it.

pub mod journal;
pub mod metrics;
pub mod runtime;
