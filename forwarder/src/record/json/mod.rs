//! JSON as bytes: fast readers of the form that AWS writes, escapes, and what strict readers refuse.

pub(crate) mod backslash;
pub(crate) mod compact;
mod digits;
pub(crate) mod strict;
