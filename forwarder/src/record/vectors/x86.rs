//! Which vectors an x86_64 processor has. All that Lambda runs on have AVX2.

use std::sync::OnceLock;

use super::Kernel;
use super::avx2::Avx2;
use super::avx512::Avx512;
use super::portable::Portable;

#[derive(Clone, Copy)]
enum Widest {
    Avx512(Avx512),
    Avx2(Avx2),
    Neither,
}

fn widest() -> Widest {
    static WIDEST: OnceLock<Widest> = OnceLock::new();
    *WIDEST.get_or_init(|| match (Avx512::detect(), Avx2::detect()) {
        (Some(vectors), _) => Widest::Avx512(vectors),
        (None, Some(vectors)) => Widest::Avx2(vectors),
        (None, None) => Widest::Neither,
    })
}

/// AVX2 and what came with it.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// AVX-512 with the instruction that leaves bytes out.
pub(super) fn has_avx512() -> bool {
    has_avx2() && is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi2")
}

#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    match widest() {
        Widest::Avx512(vectors) => vectors.run(kernel),
        Widest::Avx2(vectors) => vectors.run(kernel),
        Widest::Neither => kernel.run(Portable),
    }
}

/// Asks for memory that will be read soon.
#[allow(unsafe_code, reason = "it takes a pointer")]
#[inline(always)]
pub(super) fn prefetch(bytes: &[u8]) {
    use std::arch::x86_64::*;
    /// How many bytes a processor reads from memory at once.
    const LINE: usize = 64;
    for line in bytes.chunks(LINE) {
        // SAFETY: it is part of every x86_64 and only reads ahead.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// With 16 bytes in a register, which every x86_64 has.
#[allow(unsafe_code, reason = "loading bytes into a register has no safe name")]
#[inline(always)]
pub(super) fn first_special(chunk: &[u8; 16]) -> Option<usize> {
    use std::arch::x86_64::*;
    // SAFETY: SSE2 is part of x86_64, and 16 bytes are read from a reference to 16 bytes.
    let specials = unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast());
        let last_control = _mm_set1_epi8(0x1f);
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
        let controls = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
        // A mask takes the highest bit of each byte, which ASCII does not have.
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), _mm_or_si128(controls, bytes)))
    };
    (specials != 0).then_some(specials.trailing_zeros() as usize)
}

#[cfg(test)]
pub(super) fn run_with_each<K: Kernel>(kernel: impl Fn() -> K) -> Vec<(&'static str, K::Output)> {
    let avx2 = Avx2::detect().map(|vectors| ("AVX2", vectors.run(kernel())));
    let avx512 = Avx512::detect().map(|vectors| ("AVX-512", vectors.run(kernel())));
    avx2.into_iter().chain(avx512).collect()
}
