//! Deflate data of a few hundred bytes, as the record of a quiet log group is.
//!
//! Of the time that libdeflate takes for it, more than half goes into tables that pay off in larger data. Here, only
//! the symbols that occur are looked at, and a table is as large as its longest code needs.
//!
//! What is read are blocks that bring their own codes (RFC 1951, 3.2.7), as encoders write them for text. For
//! anything else the answer is `None`, and libdeflate reads it. The caller verifies the result by its checksum.

use super::bits::Bits;
use super::code::{Code, Entry, Used};
use super::frame::TRAILER;
use crate::record::vectors::{self, Kernel, Vectors};

/// The type of a block that brings its own codes.
const OWN_CODES: u64 = 2;

/// The longest code that is read, in bits. Longer ones need thousands of symbols that are more frequent.
const LONGEST: u32 = 11;

/// How many literals are taken before the bits are refilled: these, and the next code, have 56 bits at most.
const AT_ONCE: usize = 4;

/// How many bytes are copied at once.
const WORD: usize = 8;

/// How much more room there should be than the data becomes.
pub(super) const SPARE: usize = WORD;

/// What the symbols for literals and lengths stand for: 256 bytes, the end of the block, which is no length, and
/// lengths (RFC 1951, 3.2.5).
const LITERALS: [Entry; 286] = {
    let mut entries = [Entry::NONE; 286];
    let mut byte = 0;
    while byte < 256 {
        entries[byte] = Entry::literal(byte as u8);
        byte += 1;
    }
    let (mut at, mut length) = (0, 3);
    while at < 28 {
        let extra_bits = if at < 8 { 0 } else { at / 4 - 1 };
        entries[257 + at] = Entry::new(length, extra_bits as u8);
        length += 1 << extra_bits;
        at += 1;
    }
    entries[285] = Entry::new(258, 0);
    entries
};

/// What the symbols for distances stand for.
const DISTANCES: [Entry; 30] = {
    let mut entries = [Entry::NONE; 30];
    let (mut at, mut distance) = (0, 1);
    while at < entries.len() {
        let extra_bits = if at < 4 { 0 } else { at / 2 - 1 };
        entries[at] = Entry::new(distance, extra_bits as u8);
        distance += 1 << extra_bits;
        at += 1;
    }
    entries
};

/// What the symbols for lengths of codes stand for: a length, or from here on a way to repeat one.
const REPEAT: u16 = 16;
const LENGTHS: [Entry; 19] = {
    let mut entries = [Entry::NONE; 19];
    let mut symbol = 0;
    while symbol < REPEAT {
        entries[symbol as usize] = Entry::new(symbol, 0);
        symbol += 1;
    }
    // The last length three to six times, zero three to ten times, zero 11 to 138 times; each has a base of its own.
    entries[16] = Entry::new(PREVIOUS, 2);
    entries[17] = Entry::new(FEW_ZEROS, 3);
    entries[18] = Entry::new(MANY_ZEROS, 7);
    entries
};
const PREVIOUS: u16 = 16;
const FEW_ZEROS: u16 = 32;
const MANY_ZEROS: u16 = 64;

/// The order in which the lengths of the codes for lengths come.
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The memory that it takes, to be used again.
pub(super) struct Small {
    used: Used,
    lengths: Code<{ 1 << 7 }>,
    literals: Code<{ 1 << LONGEST }>,
    distances: Code<{ 1 << LONGEST }>,
}

impl Small {
    pub(super) const fn new() -> Self {
        Self { used: Used::new(), lengths: Code::new(), literals: Code::new(), distances: Code::new() }
    }

    /// Writes what the deflate data becomes that the `TRAILER` follows to the beginning of `out`, and whatever it likes
    /// behind it. How much it becomes, which is not more than there is room for.
    pub(super) fn inflate(&mut self, data: &[u8], out: &mut [u8]) -> Option<usize> {
        vectors::run(Inflate { small: self, data, out })
    }

    #[inline(always)]
    fn read_codes<V: Vectors>(&mut self, vectors: V, bits: &mut Bits<'_>) -> Option<()> {
        let literals = bits.take(5) as usize + 257;
        let distances = bits.take(5) as usize + 1;
        let lengths = bits.take(4) as usize + 4;
        if literals > LITERALS.len() || distances > DISTANCES.len() {
            return None;
        }
        let mut of_lengths = [0; ORDER.len()];
        for (at, symbol) in ORDER[..lengths].iter().enumerate() {
            if at % 16 == 0 {
                bits.refill()?;
            }
            of_lengths[usize::from(*symbol)] = bits.take(3) as u16;
        }
        let used = &mut self.used;
        let mut count = 0;
        for (symbol, length) in of_lengths.into_iter().enumerate() {
            used.push(&mut count, symbol, length);
        }
        self.lengths.build(vectors, used, 0..count, 0, &LENGTHS)?;

        // Literals and distances are one list: a repetition may begin with these and end with those.
        let all = literals + distances;
        let (mut symbol, mut previous) = (0, 0);
        let (mut count, mut used_literals) = (0, 0);
        while symbol < all {
            bits.refill()?;
            let entry = bits.peek(&self.lengths);
            let value = bits.value(entry);
            let (length, times) = match entry.base() {
                length @ ..REPEAT => {
                    used.push(&mut count, symbol, length);
                    symbol += 1;
                    previous = length;
                    if symbol <= literals {
                        used_literals = count;
                    }
                    continue;
                }
                PREVIOUS if symbol == 0 => return None,
                PREVIOUS => (previous, value - usize::from(PREVIOUS) + 3),
                FEW_ZEROS => (0, value - usize::from(FEW_ZEROS) + 3),
                _ => (0, value - usize::from(MANY_ZEROS) + 11),
            };
            if length > 0 {
                for symbol in symbol..symbol + times {
                    used.push(&mut count, symbol, length);
                    if symbol < literals {
                        used_literals = count;
                    }
                }
            }
            symbol += times;
            previous = length;
        }
        if symbol > all {
            return None;
        }
        self.literals.build(vectors, used, 0..used_literals, 0, &LITERALS)?;
        self.distances.build(vectors, used, used_literals..count, literals, &DISTANCES)
    }

    /// Writes a block behind what is `written`, which it adds to.
    #[inline(always)]
    fn read_block(&self, bits: &mut Bits<'_>, out: &mut [u8], written: &mut usize) -> Option<()> {
        loop {
            bits.refill()?;
            let mut entry = bits.peek(&self.literals);
            for _ in 0..AT_ONCE {
                if let Some(byte) = entry.as_literal() {
                    bits.skip(entry);
                    *out.get_mut(*written)? = byte;
                    *written += 1;
                    entry = bits.peek(&self.literals);
                }
            }
            if entry.as_literal().is_some() {
                continue;
            }
            bits.refill()?;
            let length = bits.value(entry);
            if length == 0 {
                return Some(());
            }
            let distance = bits.value(bits.peek(&self.distances));
            repeat(out, *written, distance, length)?;
            *written += length;
        }
    }
}

/// Repeats at a place what is at a `distance` before it. What is repeated may itself be part of what it becomes.
#[inline(always)]
fn repeat(out: &mut [u8], to: usize, distance: usize, length: usize) -> Option<()> {
    let from = to.checked_sub(distance)?;
    let room = out.len().checked_sub(to)?;
    if length <= WORD && distance >= WORD && room >= WORD {
        // Most repetitions are short. To copy a few bytes too many takes less time than to copy just enough.
        let word: [u8; WORD] = *out[from..].first_chunk()?;
        *out[to..].first_chunk_mut()? = word;
    } else if length > room {
        return None;
    } else if distance >= length {
        out.copy_within(from..from + length, to);
    } else if distance == 1 {
        let byte = out[from];
        out[to..to + length].fill(byte);
    } else {
        for at in to..to + length {
            out[at] = out[at - distance];
        }
    }
    Some(())
}

struct Inflate<'a> {
    small: &'a mut Small,
    data: &'a [u8],
    out: &'a mut [u8],
}

impl Kernel for Inflate<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) -> Option<usize> {
        let Self { small, data, out } = self;
        let (mut bits, mut written) = (Bits::new(data), 0);
        loop {
            bits.refill()?;
            let is_last = bits.take(1) == 1;
            if bits.take(2) != OWN_CODES {
                return None;
            }
            small.read_codes(vectors, &mut bits)?;
            small.read_block(&mut bits, out, &mut written)?;
            if is_last {
                return (bits.end()? + TRAILER == data.len()).then_some(written);
            }
        }
    }
}

#[cfg(test)]
mod tests;
