//! Takes values out of messages.

mod budget;
pub mod known;
mod own;
mod redactor;

pub use budget::Budget;
pub(crate) use redactor::Redactor;
