//! Carries a plan out: stage by stage, the steps of a stage at once, the actions of a step in order.

mod outcome;
mod run;

pub use outcome::{Applied, ApplyError, Creation, Done, Failed};
pub use run::{Event, What, apply};
