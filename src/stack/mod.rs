//! The names of a stack, and what is true of them all. Pure values: no SDK, no clock, no I/O.

pub mod arn;
mod destination;
pub mod limits;
pub mod names;
pub mod selection;
mod setting;
mod tags;
pub mod target;
pub(crate) mod template;

pub use destination::DestinationArn;
pub use names::{Names, RoleScope, StackName, Tags, is_canary};
pub use setting::Setting;
pub use tags::{owns, tags};
pub use target::{Region, Target};
