//! 32 bytes in a register.
#![allow(
    unsafe_code,
    reason = "not every x86_64 has the instructions, and they load and store through pointers"
)]

use std::arch::x86_64::*;

use super::block::{BLOCK, Kernel, Vectors};
use super::places::PLACES;

/// Exists only where the processor has AVX2 and the instructions that came with it.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        has_all.then_some(Self(()))
    }

    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
        fn run<K: Kernel>(kernel: K, vectors: Avx2) -> K::Output {
            kernel.run(vectors)
        }
        // SAFETY: the processor has the instructions, or there would be no `self`.
        unsafe { run(kernel, self) }
    }
}

impl Vectors for Avx2 {
    #[inline(always)]
    fn any_of<const COUNT: usize>(self, block: &[u8; BLOCK], bytes: [u8; COUNT]) -> u64 {
        // SAFETY: as in `run`.
        unsafe {
            let [first, second] = load(block);
            let mut found = [_mm256_setzero_si256(); 2];
            for byte in bytes {
                let byte = _mm256_set1_epi8(byte.cast_signed());
                found[0] = _mm256_or_si256(found[0], _mm256_cmpeq_epi8(first, byte));
                found[1] = _mm256_or_si256(found[1], _mm256_cmpeq_epi8(second, byte));
            }
            mask(found)
        }
    }

    #[inline(always)]
    fn controls(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: as in `run`.
        unsafe {
            // A byte is one when it is the lesser of itself and the last of them.
            let last = _mm256_set1_epi8(0x1f);
            let [first, second] = load(block);
            let is = [_mm256_min_epu8(first, last), _mm256_min_epu8(second, last)];
            mask([_mm256_cmpeq_epi8(is[0], first), _mm256_cmpeq_epi8(is[1], second)])
        }
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
                let bytes = _mm_loadl_epi64(eight.as_ptr().cast());
                let places = _mm_loadl_epi64(PLACES[keep as usize].as_ptr().cast());
                let kept = _mm_shuffle_epi8(bytes, places);
                _mm_storel_epi64(out.as_mut_ptr().add(length).cast(), kept);
            }
            length += keep.count_ones() as usize;
        }
        // SAFETY: this number of bytes has been written.
        unsafe { out.set_len(length) };
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn load(block: &[u8; BLOCK]) -> [__m256i; 2] {
    let halves = block.as_ptr().cast::<__m256i>();
    // SAFETY: twice 32 bytes are read from 64.
    unsafe { [_mm256_loadu_si256(halves), _mm256_loadu_si256(halves.add(1))] }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn mask(halves: [__m256i; 2]) -> u64 {
    // SAFETY: as said.
    let [first, second] = unsafe { [_mm256_movemask_epi8(halves[0]), _mm256_movemask_epi8(halves[1])] };
    u64::from(first.cast_unsigned()) | u64::from(second.cast_unsigned()) << 32
}
