//! 16 bytes in a register, on arm64. Every processor of that kind has the instructions.
#![allow(unsafe_code, reason = "instructions load and store through pointers")]

use std::arch::aarch64::*;

use super::block::{BLOCK, Vectors};
use super::places::PLACES;

#[derive(Clone, Copy)]
pub(crate) struct Neon;

impl Vectors for Neon {
    #[inline(always)]
    fn any_of<const COUNT: usize>(self, block: &[u8; BLOCK], bytes: [u8; COUNT]) -> u64 {
        mask(block, |quarter| {
            // SAFETY: every arm64 has the instructions.
            unsafe {
                let is = bytes.map(|byte| vceqq_u8(quarter, vdupq_n_u8(byte)));
                is.into_iter().fold(vdupq_n_u8(0), |found, is| vorrq_u8(found, is))
            }
        })
    }

    #[inline(always)]
    fn controls(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: every arm64 has the instructions.
        mask(block, |quarter| unsafe { vcltq_u8(quarter, vdupq_n_u8(0x20)) })
    }

    #[inline(always)]
    fn append(self, block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>) {
        if keep == u64::MAX {
            out.extend_from_slice(block);
            return;
        }
        out.reserve(BLOCK);
        let mut length = out.len();
        for (eight, keep) in block.as_chunks::<8>().0.iter().zip(keep.to_le_bytes()) {
            // SAFETY: eight bytes are read from eight and from a row of the table, and eight are written: every round
            // before this one has kept eight at most, so that the last one ends within the block's room.
            unsafe {
                let bytes = vld1_u8(eight.as_ptr());
                let places = vld1_u8(PLACES[keep as usize].as_ptr());
                vst1_u8(out.as_mut_ptr().add(length), vtbl1_u8(bytes, places));
            }
            length += keep.count_ones() as usize;
        }
        // SAFETY: this number of bytes has been written.
        unsafe { out.set_len(length) };
    }
}

/// A bit for each byte of the block, where `found` makes all bits of a byte one or all of them zero.
#[inline(always)]
fn mask(block: &[u8; BLOCK], found: impl Fn(uint8x16_t) -> uint8x16_t) -> u64 {
    /// The bit of each byte among eight.
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    // SAFETY: 16 bytes are read from each quarter and from the table, and every arm64 has the instructions.
    unsafe {
        let bits = vld1q_u8(BITS.as_ptr());
        let quarter = |at: usize| {
            let quarter = vld1q_u8(block.as_ptr().add(16 * at));
            vandq_u8(found(quarter), bits)
        };
        // Each addition of neighbours makes one byte of two: after three, eight bits are side by side in one.
        let halves = [vpaddq_u8(quarter(0), quarter(1)), vpaddq_u8(quarter(2), quarter(3))];
        let whole = vpaddq_u8(halves[0], halves[1]);
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(whole, whole)))
    }
}
