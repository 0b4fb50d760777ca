//! What a route does to its events before they are framed: keep or drop, sample, redact, label.

mod compiled;
pub mod config;
mod expression;
pub mod fields;
mod json;
pub mod lambda;
pub mod redact;
pub mod sample;
mod select;

pub use compiled::{Clean, Rule, Shape};
pub use expression::InvalidRule;
pub use redact::Budget;
