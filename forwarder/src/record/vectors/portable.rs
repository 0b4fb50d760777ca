//! Eight bytes in a register that every processor has.

use super::block::{BLOCK, Vectors};

#[derive(Clone, Copy)]
pub(crate) struct Portable;

const HIGH: u64 = 0x8080_8080_8080_8080;

const fn repeat(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

impl Vectors for Portable {
    #[inline(always)]
    fn any_of<const COUNT: usize>(self, block: &[u8; BLOCK], bytes: [u8; COUNT]) -> u64 {
        mask(block, |word| bytes.iter().fold(0, |found, byte| found | below(word ^ repeat(*byte), 1)))
    }

    #[inline(always)]
    fn controls(self, block: &[u8; BLOCK]) -> u64 {
        mask(block, |word| below(word, 0x20))
    }

    #[inline(always)]
    fn append(self, block: &[u8; BLOCK], mut keep: u64, out: &mut Vec<u8>) {
        if keep == u64::MAX {
            out.extend_from_slice(block);
            return;
        }
        // One run of kept bytes after the other.
        while keep != 0 {
            let start = keep.trailing_zeros() as usize;
            let length = (!(keep >> start)).trailing_zeros() as usize;
            out.extend_from_slice(&block[start..start + length]);
            keep &= u64::MAX.checked_shl((start + length) as u32).unwrap_or(0);
        }
    }
}

/// The high bit of each byte that is below `limit`, which is 1 to 128: of one that neither has it nor gets it when
/// what is missing to 128 is added to the other seven.
#[inline(always)]
fn below(word: u64, limit: u8) -> u64 {
    !(((word & !HIGH) + repeat(0x80 - limit)) | word) & HIGH
}

#[inline(always)]
fn mask(block: &[u8; BLOCK], found: impl Fn(u64) -> u64) -> u64 {
    let words = block.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
    // The eight high bits of a word, side by side.
    let bits = words.map(|word| (found(word) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    bits.enumerate().fold(0, |mask, (at, bits)| mask | bits << (8 * at))
}
