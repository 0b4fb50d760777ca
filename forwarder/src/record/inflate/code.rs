//! A Huffman code as a table that is looked up with the next bits.

use std::ops::Range;

use crate::record::vectors::{BLOCK, Vectors};

/// What a code stands for: a symbol in the way it is used.
///
/// From the lowest bit on: 8 bits for how many bits it takes with the extra bits that follow its code, 8 for how many
/// of them are the code, 15 for its base, and one that is set for a literal.
#[derive(Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    pub(super) const NONE: Self = Self(0);

    /// Of a symbol whose code is not known yet.
    pub(super) const fn new(base: u16, extra_bits: u8) -> Self {
        Self((base as u32) << 16 | extra_bits as u32)
    }

    pub(super) const fn literal(byte: u8) -> Self {
        Self(Self::new(byte as u16, 0).0 | 1 << 31)
    }

    const fn with_code_of(self, bits: u32) -> Self {
        Self(self.0 + (bits << 8 | bits))
    }

    /// To be used as the number of bits of a shift, of which no more than six bits count.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    /// To be used in the same way.
    #[inline(always)]
    pub(super) fn code_bits(self) -> u32 {
        self.0 >> 8
    }

    /// Not to be asked of a literal.
    #[inline(always)]
    pub(super) fn base(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The byte that it stands for.
    #[inline(always)]
    pub(super) fn as_literal(self) -> Option<u8> {
        (self.0 >> 31 != 0).then_some((self.0 >> 16) as u8)
    }
}

/// Room for all symbols that deflate has for literals, lengths and distances, and for a repetition that goes on beyond
/// them; and so much more that as many lengths as vectors look at can be read from any place.
const ROOM: usize = 384 + BLOCK;

/// The symbols that have a code, in order, and how many bits each has.
pub(super) struct Used {
    symbols: [u16; ROOM],
    bits: [u8; ROOM],
}

impl Used {
    pub(super) const fn new() -> Self {
        Self { symbols: [0; ROOM], bits: [0; ROOM] }
    }

    /// Puts a symbol at place `count`, and counts it if it has a code.
    #[inline(always)]
    pub(super) fn push(&mut self, count: &mut usize, symbol: usize, bits: u16) {
        // Without a branch, for nobody can guess which symbols are used.
        self.symbols[*count] = symbol as u16;
        self.bits[*count] = bits as u8;
        *count += usize::from(bits > 0);
    }
}

/// A code of at most the bits that `SIZE` is two to the power of.
pub(super) struct Code<const SIZE: usize> {
    table: [Entry; SIZE],
    /// The bits that a place in the table is found by.
    mask: u64,
}

impl<const SIZE: usize> Code<SIZE> {
    const LONGEST: usize = SIZE.ilog2() as usize;

    pub(super) const fn new() -> Self {
        Self { table: [Entry::NONE; SIZE], mask: 0 }
    }

    #[inline(always)]
    pub(super) fn look_up(&self, bits: u64) -> Entry {
        self.table[(bits & self.mask) as usize]
    }

    /// Makes it the canonical code (RFC 1951, 3.2.2) of the symbols at these places, which stand for `entries` from the
    /// symbol `first` on. `None` if a code is too long, or if there are bits that stand for nothing or for two things.
    #[inline(always)]
    pub(super) fn build<V: Vectors>(
        &mut self,
        vectors: V,
        used: &Used,
        places: Range<usize>,
        first: usize,
        entries: &[Entry],
    ) -> Option<()> {
        let (mut found, mut code) = (0, 0_u32);
        for bits in 1..=Self::LONGEST {
            code <<= 1;
            // The table of one bit less, twice.
            if found > 0 {
                self.table.copy_within(..1 << (bits - 1), 1 << (bits - 1));
            }
            for at in places.clone().step_by(BLOCK) {
                let left = places.end - at;
                let inside = if left < BLOCK { (1 << left) - 1 } else { u64::MAX };
                let mut of_length = vectors.any_of(used.bits[at..].first_chunk()?, [bits as u8]) & inside;
                found += of_length.count_ones() as usize;
                while of_length != 0 {
                    let symbol = usize::from(used.symbols[at + of_length.trailing_zeros() as usize]);
                    // Codes come with their highest bit first, and are looked up from the lowest on.
                    let place = code.reverse_bits() >> (32 - bits);
                    self.table[place as usize] = entries[symbol - first].with_code_of(bits as u32);
                    code += 1;
                    of_length &= of_length - 1;
                }
            }
            if found == places.len() {
                self.mask = (1 << bits) - 1;
                // Once there are too many codes, there are at all the lengths after that.
                return (code == 1 << bits).then_some(());
            }
        }
        None
    }
}
