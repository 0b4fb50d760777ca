//! Where records are sent.

mod delivery;
pub(super) mod destination;
#[cfg(test)]
mod destination_tests;
mod destined;
mod interface;
mod pace;
pub(super) mod stream;

pub(crate) use delivery::Delivery;
pub(super) use destined::Destined;
pub(crate) use interface::Target;
pub(super) use interface::{Fate, Sink};
