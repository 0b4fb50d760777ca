//! What a kernel is written with: blocks of 64 bytes and the operations on them.

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
