//! The bits of deflate data, the lowest of a byte first.

use super::code::{Code, Entry};

/// A place in deflate data that other bytes follow.
#[derive(Clone, Copy)]
pub(super) struct Bits<'d> {
    data: &'d [u8],
    /// The first byte that is not in the buffer.
    at: usize,
    buffer: u64,
    /// How many bits of the buffer are left to be taken. Below zero, that is above 63, more were taken than there are.
    left: u8,
}

impl<'d> Bits<'d> {
    pub(super) fn new(data: &'d [u8]) -> Self {
        Self { data, at: 0, buffer: 0, left: 0 }
    }

    /// Has 56 bits left at least, or as many as there are. `None` when more were taken than that.
    #[inline(always)]
    pub(super) fn refill(&mut self) -> Option<()> {
        if let Some(word) = self.data.get(self.at..).and_then(|rest| rest.first_chunk()) {
            self.buffer |= u64::from_le_bytes(*word) << (self.left & 63);
            self.at += usize::from(63 - (self.left & 63)) / 8;
            self.left |= 56;
        } else if self.left > 63 {
            return None;
        }
        Some(())
    }

    #[inline(always)]
    pub(super) fn take(&mut self, count: u8) -> u64 {
        let bits = self.buffer & !(u64::MAX << count);
        self.buffer >>= count;
        self.left = self.left.wrapping_sub(count);
        bits
    }

    /// What the next code stands for; its bits are not taken.
    #[inline(always)]
    pub(super) fn peek<const SIZE: usize>(&self, code: &Code<SIZE>) -> Entry {
        code.look_up(self.buffer)
    }

    /// Takes the bits of an entry.
    #[inline(always)]
    pub(super) fn skip(&mut self, entry: Entry) {
        self.buffer = self.buffer.wrapping_shr(entry.bits());
        self.left = self.left.wrapping_sub(entry.bits() as u8);
    }

    /// Takes the bits of an entry; its base and what its extra bits add to it.
    #[inline(always)]
    pub(super) fn value(&mut self, entry: Entry) -> usize {
        let bits = self.buffer & !u64::MAX.wrapping_shl(entry.bits());
        self.skip(entry);
        usize::from(entry.base()) + bits.wrapping_shr(entry.code_bits()) as usize
    }

    /// The place in the data after the byte of the last bit that was taken.
    pub(super) fn end(&self) -> Option<usize> {
        (self.left < 64).then(|| self.at - usize::from(self.left / 8))
    }
}
