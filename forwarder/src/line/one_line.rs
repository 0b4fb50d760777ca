//! One event becomes one line, or several when it is too long for one.
//!
//! A line must not hold a line end, so every line end inside a message becomes U+2028, as the clients of the
//! vendor do it for LF; CR and CRLF are treated alike. One line end at the very end is dropped. A JSON string
//! holds line ends as escapes only, so all of this happens while escapes are undone, in one pass.

use crate::record::json::backslash;
use crate::record::json::text::{REPLACEMENT, first_escape};
use crate::record::vectors::{self, BLOCK, Kernel, Vectors, Window};

/// What stands for a line end inside a line: U+2028 LINE SEPARATOR in UTF-8.
pub const LINE_SEPARATOR: &str = "\u{2028}";

/// Appends the text of a JSON string (without its quotes) to `out`, as one line without its end.
///
/// Input that is no valid JSON string never gets here; should it, it is written as far as it makes sense.
pub fn write_message(escaped: &str, out: &mut Vec<u8>) {
    write_on_one_line(escaped, LINE_SEPARATOR, out);
}

/// As [`write_message`], with another text in the place of a line end.
#[inline]
pub fn write_on_one_line(escaped: &str, separator: &str, out: &mut Vec<u8>) {
    vectors::run(OnOneLine { text: escaped.as_bytes(), separator, out });
}

struct OnOneLine<'a> {
    text: &'a [u8],
    separator: &'a str,
    out: &'a mut Vec<u8>,
}

impl Kernel for OnOneLine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self, vectors: V) {
        let Self { text, separator, out } = self;
        // The most it can become: of two bytes for a line end, three.
        out.reserve(text.len() + text.len() / 2 + BLOCK);
        let mut end: Option<LineEnd> = None;
        // Whether the backslash before the block escapes its first byte.
        let mut escaped_first = 0;
        let mut at = 0;
        while at < text.len() {
            let mut spare = [0; BLOCK];
            let Window { block, done, inside } = Window::at(text, at, &mut spare);
            let backslashes = vectors.any_of(block, [b'\\']) >> done & inside;
            let (escaped, escaped_next) = backslash::escaped(backslashes, escaped_first);
            // A backslash that escapes is left out. What it escapes stands for itself, unless it is unusual.
            let keep = inside & !(backslashes & !escaped);
            let usual = vectors.any_of(block, *b"\"\\/") >> done;
            let unusual = inside & escaped & !usual;
            if unusual == 0 {
                vectors.append(block, keep << done, out);
                at += BLOCK;
                escaped_first = escaped_next;
                continue;
            }
            let first = unusual.trailing_zeros() as usize;
            vectors.append(block, (keep & !(u64::MAX << first)) << done, out);
            let escape = at + first - 1;
            let (character, after) = first_escape(&text[escape..]);
            at = text.len() - after.len();
            escaped_first = 0;
            match character {
                // The LF of a CRLF: its CR is already written as a line end.
                Some('\n') if end.as_ref().is_some_and(|end| end.cr && end.after == escape) => {
                    end = end.map(|end| LineEnd { after: at, cr: false, ..end });
                }
                Some(kind @ ('\n' | '\r')) => {
                    end = Some(LineEnd { begin: out.len(), after: at, cr: kind == '\r' });
                    out.extend_from_slice(separator.as_bytes());
                }
                Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(REPLACEMENT.as_bytes()),
            }
        }
        if let Some(end) = end.filter(|end| end.after == text.len()) {
            out.truncate(end.begin);
        }
    }
}

/// The last line end that was written.
struct LineEnd {
    /// Where it begins in what was written.
    begin: usize,
    /// Where it ends in what was read.
    after: usize,
    /// Whether it is the CR of a CRLF if an LF follows.
    cr: bool,
}

#[cfg(test)]
mod tests;
