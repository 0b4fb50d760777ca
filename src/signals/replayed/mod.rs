//! What `replay` has sent, as its manifests say.

mod manifest;
mod ranges;
mod read;

pub(crate) use manifest::{ALIVE, Entry, Manifest, STREAM, Sent};
pub(super) use read::{Notes, sent};
