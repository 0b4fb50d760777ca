//! What a record holds: gzip around the JSON that CloudWatch Logs writes for a subscription.
//!
//! Decoding borrows: an event's message stays the escaped JSON text in the buffer until it is written out.

mod any;
mod cap;
mod compact;
mod decoded;
mod poison;
mod read;
mod repair;

pub use any::parse_any;
pub use cap::Cap;
pub use decoded::{Labels, LogEvent, MessageType, Payload};
pub use poison::Poison;
pub use read::{gunzip, gunzip_in_pieces, parse, parse_within};
pub use repair::repair;
