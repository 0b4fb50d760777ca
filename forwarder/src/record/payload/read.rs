//! From the data of a record to its payload.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::any::parse_any;
use super::cap::Cap;
use super::compact;
use super::decoded::Payload;
use super::poison::Poison;
use crate::record::inflate;

/// The first bytes of a gzip member that uses deflate.
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

/// Decompresses all gzip members of `data` into `out`, which is cleared first.
///
/// # Errors
/// [`Poison::NotGzip`], [`Poison::BrokenGzip`] or [`Poison::TooLarge`].
pub fn gunzip(data: &[u8], cap: Cap, out: &mut Vec<u8>) -> Result<(), Poison> {
    out.clear();
    if !data.starts_with(&GZIP_MAGIC) {
        return Err(Poison::NotGzip);
    }
    let limit = cap.limit(data.len());
    match inflate::single_member(data, limit, out) {
        Some(()) => Ok(()),
        None => gunzip_in_pieces(data, cap, out),
    }
}

/// The same for data that is anything but one whole member, and for all of it the last word.
///
/// # Errors
/// As [`gunzip`].
pub fn gunzip_in_pieces(data: &[u8], cap: Cap, out: &mut Vec<u8>) -> Result<(), Poison> {
    out.clear();
    if !data.starts_with(&GZIP_MAGIC) {
        return Err(Poison::NotGzip);
    }
    let limit = cap.limit(data.len());
    // One byte more than allowed tells "exactly full" from "too large".
    let mut decoder = MultiGzDecoder::new(data).take(limit as u64 + 1);
    decoder.read_to_end(out).map_err(|error| Poison::BrokenGzip(error.to_string()))?;
    if out.len() > limit { Err(Poison::TooLarge { limit }) } else { Ok(()) }
}

/// Reads the JSON of a payload, of any number of events. See [`parse_within`].
///
/// # Errors
/// As [`parse_within`], but for [`Poison::TooManyEvents`].
pub fn parse(json: &[u8]) -> Result<Payload<'_>, Poison> {
    parse_within(json, usize::MAX)
}

/// Reads the JSON of a payload that may hold up to `most` events.
///
/// `messageType` is needed, and of an event its `message`; whatever else is missing or of another type is
/// taken as empty.
///
/// # Errors
/// [`Poison::NotUtf8`], [`Poison::NotLogs`], [`Poison::TooManyEvents`] or [`Poison::UnknownMessageType`].
pub fn parse_within(json: &[u8], most: usize) -> Result<Payload<'_>, Poison> {
    let json = simdutf8::basic::from_utf8(json).map_err(|_| Poison::NotUtf8)?;
    compact::payload(json, most).map_or_else(|| parse_any(json, most), Ok)
}

#[cfg(test)]
mod tests;
