//! Copies a block without some of its bytes: how backslashes leave a text, many at a time.
//!
//! A line of JSON in JSON has a backslash for every fifth byte. To copy what is between them piece by piece takes most of
//! the time that a line takes; a shuffle leaves out those of eight bytes at once.

use crate::bytes::BLOCK;

/// Appends those bytes of a block whose bits are set, the lowest bit for the first byte.
#[inline]
pub(crate) fn append(block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>) {
    if keep == u64::MAX {
        out.extend_from_slice(block);
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if x86::shuffles() {
        x86::append(block, keep, out);
        return;
    }
    append_runs(block, keep, out);
}

/// The same on any processor: one run of kept bytes after the other.
fn append_runs(block: &[u8; BLOCK], mut keep: u64, out: &mut Vec<u8>) {
    while keep != 0 {
        let start = keep.trailing_zeros() as usize;
        let length = (!(keep >> start)).trailing_zeros() as usize;
        out.extend_from_slice(&block[start..start + length]);
        keep &= u64::MAX.checked_shl((start + length) as u32).unwrap_or(0);
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "not every x86_64 has the instruction, and it writes into room that does not count yet"
)]
mod x86 {
    use std::arch::x86_64::*;

    use super::BLOCK;

    /// For each set of kept bytes among eight: their places, the first ones first.
    static PLACES: [[u8; 8]; 256] = places();

    const fn places() -> [[u8; 8]; 256] {
        let mut table = [[0; 8]; 256];
        let mut keep = 0;
        while keep < 256 {
            let (mut bit, mut at) = (0, 0);
            while bit < 8 {
                if keep >> bit & 1 != 0 {
                    table[keep][at] = bit;
                    at += 1;
                }
                bit += 1;
            }
            keep += 1;
        }
        table
    }

    /// Whether this processor has SSSE3 and POPCNT: every one since 2008.
    #[inline(always)]
    pub(super) fn shuffles() -> bool {
        is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("popcnt")
    }

    pub(super) fn append(block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>) {
        assert!(shuffles());
        out.reserve(BLOCK);
        // SAFETY: the processor has the instructions, and there is room for a block.
        unsafe { shuffle(block, keep, out) }
    }

    /// # Safety
    /// There must be room for a block behind the end of `out`.
    #[target_feature(enable = "ssse3,popcnt")]
    unsafe fn shuffle(block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>) {
        let mut length = out.len();
        for (eight, keep) in block.as_chunks::<8>().0.iter().zip(keep.to_le_bytes()) {
            // SAFETY: eight bytes are read from eight and from a row of the table, and eight are written: every round
            // before this one has kept eight at most, so that the last one ends within the block's room.
            unsafe {
                let bytes = _mm_loadl_epi64(eight.as_ptr().cast());
                let places = _mm_loadl_epi64(PLACES[keep as usize].as_ptr().cast());
                let kept = _mm_shuffle_epi8(bytes, places);
                _mm_storel_epi64(out.as_mut_ptr().add(length).cast(), kept);
            }
            length += keep.count_ones() as usize;
        }
        // SAFETY: so many bytes have been written.
        unsafe { out.set_len(length) };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_kept_is_kept_in_its_order(bytes in proptest::collection::vec(any::<u8>(), BLOCK), keep in any::<u64>(), few in any::<u64>(), room in 0..200_usize) {
            let block: &[u8; BLOCK] = bytes.first_chunk().unwrap();
            for keep in [keep, keep & few, keep | few, 0, u64::MAX] {
                let kept = (0..BLOCK).filter(|at| keep >> at & 1 != 0).map(|at| block[at]);
                let expected: Vec<u8> = b"before".iter().copied().chain(kept).collect();
                for append in [append, append_runs] {
                    let mut out = Vec::with_capacity(room);
                    out.extend_from_slice(b"before");
                    append(block, keep, &mut out);
                    prop_assert_eq!(&out, &expected);
                }
            }
        }
    }
}
