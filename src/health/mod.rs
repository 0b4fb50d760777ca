//! What the newest lines of a forwarder's own log say about it. Pure: no SDK, no clock.

mod judge;
mod line;

pub(crate) use judge::{Health, Line, WINDOW};
