//! What stands around the deflate data of a gzip member, in bytes, by RFC 1952.

/// The header, without optional fields.
pub(super) const HEADER: usize = 10;
/// The checksum and the size.
pub(super) const TRAILER: usize = 8;
