//! Code that looks at 64 bytes at a time, with AVX2 where the processor has it.
//!
//! JSON inside a JSON string has a backslash about every fifth byte. To look for them one by one, and to copy the pieces
//! between them, takes most of the time of a line. A [`Kernel`] is written once, for blocks of 64 bytes. [`run`] compiles
//! it for each kind of [`Vectors`] and chooses one at run time.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod places;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

/// The bytes of a block: as many as a `u64` has bits.
pub(crate) const BLOCK: usize = 64;

/// The operations on a block. A bit of a mask stands for a byte of the block, the lowest bit for the first byte.
pub(crate) trait Vectors: Copy {
    /// The mask of the bytes that are one of `bytes`.
    fn any_of<const COUNT: usize>(self, block: &[u8; BLOCK], bytes: [u8; COUNT]) -> u64;

    /// The mask of control characters, below U+0020, which no JSON string may contain.
    fn controls(self, block: &[u8; BLOCK]) -> u64;

    /// Appends the bytes whose bits are set in `keep`.
    fn append(self, block: &[u8; BLOCK], keep: u64, out: &mut Vec<u8>);
}

/// The block at a place of a text. Near the end of the text it is the last block, which begins before the place.
#[derive(Clone, Copy)]
pub(crate) struct Window<'t> {
    pub(crate) block: &'t [u8; BLOCK],
    /// The number of bytes of the block before the place: a mask shifted right by it begins at the place.
    pub(crate) done: u32,
    /// The bytes of the text, in a mask that begins at the place.
    pub(crate) inside: u64,
}

impl<'t> Window<'t> {
    /// The window at `at`. A text shorter than a block is copied to `spare`.
    #[inline(always)]
    pub(crate) fn at(text: &'t [u8], at: usize, spare: &'t mut [u8; BLOCK]) -> Self {
        let rest = &text[at..];
        if let Some(block) = rest.first_chunk() {
            return Self { block, done: 0, inside: u64::MAX };
        }
        let done = (BLOCK - rest.len()) as u32;
        let inside = u64::MAX.checked_shr(done).unwrap_or(0);
        match text.last_chunk() {
            Some(block) => Self { block, done, inside },
            None => {
                spare[..rest.len()].copy_from_slice(rest);
                Self { block: spare, done: 0, inside }
            }
        }
    }
}

/// Code to compile for each kind of vectors.
pub(crate) trait Kernel {
    type Output;

    /// Must be `#[inline(always)]`, as everything that it calls with vectors: only code that is inlined into the
    /// function for a kind of vectors may use their instructions.
    fn run<V: Vectors>(self, vectors: V) -> Self::Output;
}

/// Runs a kernel with the best vectors of this processor.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::run(kernel);
    #[cfg(not(target_arch = "x86_64"))]
    kernel.run(portable::Portable)
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
    let mut outcomes = vec![("portable", kernel().run(portable::Portable))];
    #[cfg(target_arch = "x86_64")]
    outcomes.extend(x86::run_with_each(kernel));
    outcomes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
