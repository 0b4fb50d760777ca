//! What Lambda sees: the process, its runtime API, the function's log and the metrics in it.

pub mod canaries;
pub mod journal;
mod log;
pub mod metrics;
pub mod notes;
mod process;
pub mod runtime;
mod serve;
mod start;

pub use process::run;
