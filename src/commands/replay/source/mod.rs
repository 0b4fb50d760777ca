//! Where records are that can be sent again.

mod bookkeeping;
mod contents;
mod copies;
pub(super) mod expired;
mod interface;
pub(super) mod log_groups;
pub(super) mod objects;
mod position;
pub(super) mod quarantine;
mod shard;
pub(super) mod stream;
#[cfg(test)]
mod stream_tests;
mod unreadable;

pub(crate) use interface::Gone;
pub(super) use interface::{Found, Left, Parcel, Portion, Resume, Source};
