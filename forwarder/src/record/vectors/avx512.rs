//! A whole block in a register, and an instruction that leaves bytes out.
#![allow(
    unsafe_code,
    reason = "not every x86_64 has the instructions, and they load and store through pointers"
)]

use std::arch::x86_64::*;

use super::{BLOCK, Kernel, Vectors, x86};

/// There is one only where the processor has AVX-512 with VBMI2: Intel since Ice Lake, AMD since Zen 4.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        x86::has_avx512().then_some(Self(()))
    }

    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
        fn run<K: Kernel>(kernel: K, vectors: Avx512) -> K::Output {
            kernel.run(vectors)
        }
        // SAFETY: the processor has the instructions, or there would be no `self`.
        unsafe { run(kernel, self) }
    }
}

impl Vectors for Avx512 {
    #[inline(always)]
    fn any_of<const COUNT: usize>(self, block: &[u8; BLOCK], bytes: [u8; COUNT]) -> u64 {
        let mut found = 0;
        for byte in bytes {
            // SAFETY: as in `run`.
            found |= unsafe { _mm512_cmpeq_epi8_mask(load(block), _mm512_set1_epi8(byte.cast_signed())) };
        }
        found
    }

    #[inline(always)]
    fn controls(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: as in `run`.
        unsafe { _mm512_cmplt_epu8_mask(load(block), _mm512_set1_epi8(0x20)) }
    }

    #[inline(always)]
    fn append(self, block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>) {
        out.reserve(BLOCK);
        let length = out.len();
        // SAFETY: as in `run`; a block is written where there is room for one, and as many bytes of it count as are
        // kept.
        unsafe {
            let kept = _mm512_maskz_compress_epi8(keep, load(block));
            _mm512_storeu_epi8(out.as_mut_ptr().add(length).cast(), kept);
            out.set_len(length + keep.count_ones() as usize);
        }
    }
}

/// # Safety
/// The processor must have AVX-512.
#[inline(always)]
unsafe fn load(block: &[u8; BLOCK]) -> __m512i {
    // SAFETY: 64 bytes are read from 64.
    unsafe { _mm512_loadu_epi8(block.as_ptr().cast()) }
}
