//! What must change. Pure: no SDK, no tokio, no clock.

mod action;
mod observed;

pub use action::{Action, CreateFunction};
pub use observed::{
    Observed, ObservedFilter, ObservedFunction, ObservedGroup, ObservedLogGroup, ObservedRole, ObservedStream,
    ObservedTrigger, StreamStatus, TriggerState,
};
