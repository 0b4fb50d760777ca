//! Which kind of vectors a kernel runs with.

use super::block::Kernel;
#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
#[cfg(any(test, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Runs a kernel with the best vectors of this processor.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::run(kernel);
    #[cfg(target_arch = "aarch64")]
    return kernel.run(Neon);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    kernel.run(Portable)
}

/// Prefetches memory that will be read soon; does nothing on processors other than x86_64.
#[inline(always)]
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// The name of each kind of vectors that this processor has, and the kernel's output with it.
#[cfg(test)]
pub(crate) fn run_with_each<K: Kernel>(kernel: impl Fn() -> K) -> Vec<(&'static str, K::Output)> {
    let mut outcomes = vec![("portable", kernel().run(Portable))];
    #[cfg(target_arch = "x86_64")]
    outcomes.extend(x86::run_with_each(kernel));
    #[cfg(target_arch = "aarch64")]
    outcomes.push(("NEON", kernel().run(Neon)));
    outcomes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{BLOCK, Vectors};
    use super::*;

    struct Masks<'b>(&'b [u8; BLOCK], [u8; 3]);

    impl Kernel for Masks<'_> {
        type Output = [u64; 3];

        #[inline(always)]
        fn run<V: Vectors>(self, vectors: V) -> [u64; 3] {
            let Self(block, bytes) = self;
            [vectors.any_of(block, bytes), vectors.any_of(block, [bytes[0]]), vectors.controls(block)]
        }
    }

    struct Append<'b>(&'b [u8; BLOCK], u64, usize);

    impl Kernel for Append<'_> {
        type Output = Vec<u8>;

        #[inline(always)]
        fn run<V: Vectors>(self, vectors: V) -> Vec<u8> {
            let mut out = Vec::with_capacity(self.2);
            out.extend_from_slice(b"before");
            vectors.append(self.0, self.1, &mut out);
            out
        }
    }

    fn block() -> impl Strategy<Value = [u8; BLOCK]> {
        let byte = prop_oneof![any::<u8>(), Just(b'\\'), Just(b'"'), Just(0x1f), Just(0x20), Just(0x80)];
        proptest::collection::vec(byte, BLOCK).prop_map(|bytes| *bytes.first_chunk().unwrap())
    }

    proptest! {
        #[test]
        fn masks_are_what_a_loop_finds(block in block(), first in prop_oneof![any::<u8>(), Just(b'\\'), Just(b'"')], others in any::<[u8; 2]>()) {
            let bytes = [first, others[0], others[1]];
            let mask = |is: &dyn Fn(u8) -> bool| {
                block.iter().enumerate().map(|(at, byte)| u64::from(is(*byte)) << at).sum::<u64>()
            };
            let expected =
                [mask(&|byte| bytes.contains(&byte)), mask(&|byte| byte == first), mask(&|byte| byte < 0x20)];
            for (name, masks) in run_with_each(|| Masks(&block, bytes)) {
                prop_assert_eq!(masks, expected, "{}", name);
            }
        }

        #[test]
        fn what_is_kept_is_kept_in_its_order(
            block in block(), keep in any::<u64>(), few in any::<u64>(), room in 0..200_usize,
        ) {
            for keep in [keep, keep & few, keep | few, 0, u64::MAX] {
                let kept = (0..BLOCK).filter(|at| keep >> at & 1 != 0).map(|at| block[at]);
                let expected: Vec<u8> = b"before".iter().copied().chain(kept).collect();
                for (name, out) in run_with_each(|| Append(&block, keep, room)) {
                    prop_assert_eq!(&out, &expected, "{}", name);
                }
            }
        }
    }
}
