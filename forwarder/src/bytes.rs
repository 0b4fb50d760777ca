//! Many bytes at once: which of a block are special to a reader of JSON.

/// How many bytes [`Marks::of`] looks at.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block are of a kind: the lowest bit is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) quotes: u64,
    pub(crate) backslashes: u64,
    /// Below U+0020: no JSON string holds these.
    pub(crate) controls: u64,
}

impl Marks {
    #[inline(always)]
    pub(crate) fn of(block: &[u8; BLOCK]) -> Self {
        let chunks = block.as_chunks::<16>().0;
        let kinds = |kind: usize| {
            let mark = |(at, chunk)| u64::from(chunk_marks(chunk)[kind]) << (16 * at);
            chunks.iter().enumerate().map(mark).fold(0, |all, mark| all | mark)
        };
        // Control characters are rare, and to know that there are none is cheaper than to know where they are.
        let controls = if may_hold_controls(block) { kinds(2) } else { 0 };
        Self { quotes: kinds(0), backslashes: kinds(1), controls }
    }
}

/// Whether a byte may be a control character: no if all are above.
#[inline(always)]
fn may_hold_controls(block: &[u8; BLOCK]) -> bool {
    let [first, rest @ ..] = block.as_chunks::<16>().0 else { return false };
    let mut least = *first;
    for chunk in rest {
        for (least, byte) in least.iter_mut().zip(chunk) {
            *least = (*least).min(*byte);
        }
    }
    chunk_marks(&least)[2] != 0
}

/// The first byte of a chunk that a string of plain ASCII does not hold, a quote included.
#[inline(always)]
pub(crate) fn first_special(chunk: &[u8; 16]) -> Option<usize> {
    let specials = chunk_marks(chunk)[3];
    (specials != 0).then_some(specials.trailing_zeros() as usize)
}

/// Which bytes are quotes, backslashes, control characters, and any of these or not ASCII.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "loading bytes into a register has no safe name")]
#[inline(always)]
fn chunk_marks(chunk: &[u8; 16]) -> [u16; 4] {
    use std::arch::x86_64::*;
    // SAFETY: SSE2 is part of x86_64, and 16 bytes are read from a reference to 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast());
        let last_control = _mm_set1_epi8(0x1f);
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
        let controls = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
        // A mask takes the highest bit of each byte, which ASCII does not have.
        let all = _mm_or_si128(_mm_or_si128(quotes, backslashes), _mm_or_si128(controls, bytes));
        [quotes, backslashes, controls, all].map(|found| _mm_movemask_epi8(found) as u16)
    }
}

/// The same with the registers that every processor has.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn chunk_marks(chunk: &[u8; 16]) -> [u16; 4] {
    plain_chunk_marks(chunk)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn plain_chunk_marks(chunk: &[u8; 16]) -> [u16; 4] {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let repeat = |byte: u8| u64::from(byte) * 0x0101_0101_0101_0101;
    // The high bit of each byte that, with `add` to its lower seven bits, neither has it nor gets it.
    let below = |word: u64, add: u8| !(((word & !HIGH) + repeat(add)) | word) & HIGH;
    let mask = |bits: u64| ((bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16;
    let mut marks = [0; 4];
    for (at, word) in chunk.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ repeat(b'"'), 0x7f);
        let backslashes = below(word ^ repeat(b'\\'), 0x7f);
        let controls = below(word, 0x60);
        let all = quotes | backslashes | controls | (word & HIGH);
        for (mark, bits) in marks.iter_mut().zip([quotes, backslashes, controls, all]) {
            *mark |= mask(bits) << (8 * at);
        }
    }
    marks
}

/// Which bytes of a block a backslash before them escapes, given whether the first one is (1 or 0); and whether the
/// first byte of the next block is. A run of backslashes escapes what follows it when their number is odd.
///
/// Adding the beginning of a run to it carries to its end. Only those that begin on an odd place are added, so what
/// is left tells the parity of every beginning.
#[inline(always)]
pub(crate) fn escaped(backslashes: u64, escaped_first: u64) -> (u64, u64) {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let backslashes = backslashes & !escaped_first;
    let behind = backslashes << 1 | escaped_first;
    let odd_starts = backslashes & !EVEN & !behind;
    let (runs, overflow) = odd_starts.overflowing_add(backslashes);
    ((EVEN ^ runs << 1) & behind, u64::from(overflow))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_are_what_a_loop_finds(block in any::<[u8; 16]>(), at in 0..16_usize, byte in any::<u8>()) {
            for block in [block, { let mut with = [b' '; 16]; with[at] = byte; with[15 - at] = b'\\'; with }] {
                let bits = |is: fn(u8) -> bool| {
                    block.iter().enumerate().map(|(at, byte)| u16::from(is(*byte)) << at).sum::<u16>()
                };
                let expected = [
                    bits(|b| b == b'"'),
                    bits(|b| b == b'\\'),
                    bits(|b| b < 0x20),
                    bits(|b| matches!(b, b'"' | b'\\' | ..0x20 | 0x80..)),
                ];
                prop_assert_eq!(chunk_marks(&block), expected);
                prop_assert_eq!(plain_chunk_marks(&block), expected);
            }
        }

        #[test]
        fn runs_of_backslashes_escape_what_they_should(
            text in proptest::collection::vec(prop_oneof![3 => Just(b'\\'), 1 => Just(b'a')], 2 * BLOCK),
        ) {
            let mut expected = vec![false; text.len() + 1];
            for at in 0..text.len() {
                expected[at + 1] = text[at] == b'\\' && !expected[at];
            }
            let (mut first, mut found) = (0, Vec::new());
            for block in text.as_chunks::<BLOCK>().0 {
                let bits;
                (bits, first) = escaped(Marks::of(block).backslashes, first);
                found.extend((0..BLOCK).map(|at| bits >> at & 1 != 0));
            }
            found.push(first != 0);
            prop_assert_eq!(found, expected);
        }
    }
}
