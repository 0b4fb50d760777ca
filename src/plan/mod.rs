//! What a plan is, whatever it is of. Pure: no SDK, no tokio, no clock.
//!
//! `setup`, `subscribe`, `unsubscribe`, `teardown` and `--dry-run` are the same thing with different desires: a
//! [`Plan`] is made from what is wanted and what is observed, shown, and the very same value is applied.

mod draft;
mod head;
mod resource;
mod show;
mod stage;
mod steps;

pub(crate) use draft::Draft;
pub use head::{Head, HeadRow, Origin};
pub use resource::{Kind, ResourceId};
#[cfg(test)]
pub(crate) use show::SHOWN;
pub use stage::{Stage, Verb};
pub use steps::{Field, Kept, Loss, Plan, Refusal, Step};
