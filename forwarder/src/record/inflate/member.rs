//! One gzip member: a small one by our own decoder, any other by libdeflate.

use std::cell::RefCell;

use super::frame::{HEADER, TRAILER};
use super::libdeflate::{self, Decompressor};
use super::small::{self, Small};

/// A member of at most so many bytes is read as a small one. From about twice as many on, the tables of libdeflate have
/// paid off.
const SMALL: usize = 512;

/// What a small one may become at most: its room is filled with zeros first, whatever it says that it becomes.
const SMALL_SIZE: usize = 8 << 10;

/// What decompresses, with its memory.
struct Decoders {
    small: Small,
    any: Option<Decompressor>,
}

thread_local! {
    static DECODERS: RefCell<Decoders> = const { RefCell::new(Decoders { small: Small::new(), any: None }) };
}

/// Decompresses `data`, which has to begin as a gzip member does that uses deflate, into `out`, which is cleared first,
/// if it is one such member without optional fields that is whole and becomes at most `limit` bytes. `None` decides
/// nothing about the data.
pub(crate) fn single_member(data: &[u8], limit: usize, out: &mut Vec<u8>) -> Option<()> {
    const FLAGS: usize = 3;
    let size = u32::from_le_bytes(*data.last_chunk::<4>().filter(|_| data.len() >= HEADER + TRAILER)?);
    let size = usize::try_from(size).ok().filter(|size| *size <= limit && data[FLAGS] == 0)?;
    DECODERS.with_borrow_mut(|Decoders { small, any }| {
        if data.len() <= SMALL && size <= SMALL_SIZE && small_member(small, data, size, out).is_some() {
            return Some(());
        }
        out.clear();
        out.reserve_exact(size);
        if any.is_none() {
            *any = Decompressor::new();
        }
        any.as_mut()?.gzip_member(data, size, out)
    })
}

fn small_member(small: &mut Small, data: &[u8], size: usize, out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    out.resize(size + small::SPARE, 0);
    let written = small.inflate(&data[HEADER..], out)?;
    out.truncate(written);
    let checksum = u32::from_le_bytes(*data[data.len() - TRAILER..].first_chunk()?);
    (written == size && libdeflate::crc32(out) == checksum).then_some(())
}
