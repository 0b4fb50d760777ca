//! Decompression of one gzip member at once.
//!
//! It takes half the time of what decompresses piece by piece, but has to know how much there is: a member says so
//! in its last four bytes. Anything that is not exactly one member of that size is left to flate2.

mod bits;
mod code;
mod frame;
mod libdeflate;
mod member;
mod small;

pub(crate) use member::single_member;
