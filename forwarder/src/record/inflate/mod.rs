//! Decompression of one gzip member at once.
//!
//! It takes half the time of what decompresses piece by piece, but has to know how much there is: a member says so
//! in its last four bytes. Whatever is not simply one whole member that keeps its word is left to others.

mod bits;
mod code;
mod frame;
mod libdeflate;
mod member;
mod small;

pub(crate) use member::single_member;
