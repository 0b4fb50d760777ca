//! The choice of vectors on x86_64. All processors that Lambda uses have AVX2.

use std::sync::OnceLock;

use super::avx2::Avx2;
use super::block::Kernel;
use super::portable::Portable;

#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    static AVX2: OnceLock<Option<Avx2>> = OnceLock::new();
    match AVX2.get_or_init(Avx2::detect) {
        Some(vectors) => vectors.run(kernel),
        None => kernel.run(Portable),
    }
}

/// Prefetches memory that will be read soon.
#[allow(unsafe_code, reason = "the instruction takes a pointer")]
#[inline(always)]
pub(super) fn prefetch(bytes: &[u8]) {
    use std::arch::x86_64::*;
    /// The bytes that a processor reads from memory at once.
    const LINE: usize = 64;
    for line in bytes.chunks(LINE) {
        // SAFETY: every x86_64 has the instruction, which changes nothing but the cache.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

#[cfg(test)]
pub(super) fn run_with_each<K: Kernel>(kernel: impl Fn() -> K) -> Option<(&'static str, K::Output)> {
    Avx2::detect().map(|vectors| ("AVX2", vectors.run(kernel())))
}
