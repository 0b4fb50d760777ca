//! JSON without spaces, read in one pass. Whatever a [`Cursor`] does not read is `None`, and left to serde_json; what
//! it reads is what serde_json would have read.
//!
//! ```text
//! PLAIN  = a string of ASCII without escapes       TEXT   = any string, in valid UTF-8
//! DIGITS = 0 to 999999999999999999                 NUMBER = DIGITS, with a fraction or without, 18 digits in all
//! ```

use std::ops::Range;

use memchr::memchr;

use crate::record::json::backslash::escaped;
use crate::record::vectors::{self, BLOCK, Kernel, Vectors, Window};

/// Notes a value that may stand there once.
pub(crate) fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A place in a text.
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline(always)]
    pub(crate) fn expect(&mut self, literal: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(literal).then(|| self.at += literal.len())
    }

    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += 1;
        byte
    }

    /// A list of up to `most` items, with memory for `room` of them from the start.
    pub(crate) fn list<T>(
        &mut self,
        room: usize,
        most: usize,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.expect(b"[")?;
        let mut items = Vec::with_capacity(room);
        if self.expect(b"]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            match self.next()? {
                b',' if items.len() < most => {}
                b']' => return Some(items),
                _ => return None,
            }
        }
    }

    /// A PLAIN.
    pub(crate) fn text<'j>(&mut self, json: &'j str) -> Option<&'j str> {
        self.expect(b"\"")?;
        json.get(self.plain()?)
    }

    /// A number, and the count of its digits.
    pub(crate) fn digits(&mut self) -> Option<(u64, usize)> {
        let rest = self.text.get(self.at..)?;
        let (number, count) = leading_digits(rest);
        self.at += count;
        let leading_zero = count > 1 && rest[0] == b'0';
        ((1..=18).contains(&count) && !leading_zero).then_some((number, count))
    }

    /// As serde_json makes it from up to 18 digits: the digits as an integer, over a power of ten.
    #[allow(clippy::cast_precision_loss, reason = "that is how serde_json does it")]
    pub(crate) fn number(&mut self) -> Option<f64> {
        let (whole, digits) = self.digits()?;
        if self.expect(b".").is_none() {
            // What follows a number decides whether it ends here.
            return Some(whole as f64);
        }
        let (fraction, count) = leading_digits(self.text.get(self.at..)?);
        self.at += count;
        let power = u32::try_from(count).ok().filter(|power| *power > 0 && digits + count <= 18)?;
        let scale = 10_u64.pow(power);
        Some((whole * scale + fraction) as f64 / scale as f64)
    }

    /// The rest of a PLAIN whose quote has been passed, without its end.
    #[inline]
    pub(crate) fn plain(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let length = memchr(b'"', rest)?;
        self.at += length + 1;
        // Without an early exit, so that the compiler can look at several bytes at once.
        let is_special = |byte: u8| matches!(byte, b'\\' | ..0x20 | 0x80..);
        let has_special = rest[..length].iter().fold(false, |found, byte| found | is_special(*byte));
        (!has_special).then_some(start..start + length)
    }

    /// The rest of a TEXT whose quote has been passed, without its end.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let end = vectors::run(EndOfText { text: self.text, start })?;
        self.at = end + 1;
        Some(start..end)
    }
}

/// Finds the quote that ends a TEXT.
struct EndOfText<'a> {
    text: &'a [u8],
    start: usize,
}

impl Kernel for EndOfText<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) -> Option<usize> {
        let Self { text, start: mut at } = self;
        // Whether the first byte of the block is escaped by the last one before it.
        let mut escaped_first = 0;
        while at < text.len() {
            let mut spare = [0; BLOCK];
            let Window { block, done, inside } = Window::at(text, at, &mut spare);
            let quotes = vectors.any_of(block, [b'"']) >> done & inside;
            let backslashes = vectors.any_of(block, [b'\\']) >> done & inside;
            let controls = vectors.controls(block) >> done & inside;
            let behind_backslashes;
            (behind_backslashes, escaped_first) = escaped(backslashes, escaped_first);
            // All are looked for, because to guess what a text holds costs more than to look.
            let known = vectors.any_of(block, *b"\"\\/bfnrt") >> done;
            let ends = quotes & !behind_backslashes;
            let mut unusual = controls | (behind_backslashes & inside & !known);
            if ends | unusual != 0 {
                // Only those before the end; all if it is not here.
                unusual &= ends.wrapping_sub(1) & !ends;
                while unusual != 0 {
                    check_unicode(text, at + unusual.trailing_zeros() as usize)?;
                    unusual &= unusual - 1;
                }
                if ends != 0 {
                    return Some(at + ends.trailing_zeros() as usize);
                }
            }
            at += BLOCK;
        }
        None
    }
}

/// Whether there is the `u` of an escape, with the four digits that follow it.
fn check_unicode(text: &[u8], at: usize) -> Option<()> {
    let digits = text.get(at..at + 5)?.strip_prefix(b"u")?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())
}

/// The number that a text begins with, and the count of its digits. With more than 19 of them the number is wrong.
fn leading_digits(text: &[u8]) -> (u64, usize) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0_u64, 0), |(number, count), digit| {
        (number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')), count + 1)
    })
}
