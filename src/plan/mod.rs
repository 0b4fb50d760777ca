//! The plan as a value, for any kind of resource. Pure: no SDK, no tokio, no clock.
//!
//! `setup`, `subscribe`, `unsubscribe`, `teardown` and `--dry-run` differ only in the desired state. A [`Plan`] is
//! computed from desired and observed state, shown, and applied unchanged.

mod brief;
mod cost;
mod draft;
mod extent;
mod field;
mod head;
mod resource;
mod show;
mod stage;
mod steps;
#[cfg(test)]
mod tests;

pub use cost::{Cost, Difference};
pub(crate) use draft::Draft;
pub use extent::Extent;
pub use field::Field;
pub(crate) use field::HIDDEN;
pub use head::{Head, HeadRow, Origin, Over};
pub(crate) use resource::Reads;
pub use resource::{Kind, ResourceId};
pub use stage::{Stage, Verb};
pub use steps::{Kept, Loss, Plan, Refusal, Step};
