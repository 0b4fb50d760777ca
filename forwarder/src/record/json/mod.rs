//! JSON as bytes: what the fast readers of AWS's own JSON share, escapes, and what strict readers refuse.

pub(crate) mod backslash;
pub(crate) mod cursor;
pub(crate) mod strict;
pub mod text;
