//! One event becomes one line, or several when it is too long for one.
//!
//! A line must not hold a line end, so every line end inside a message becomes U+2028, as the clients of the
//! vendor do it for LF; CR and CRLF are treated alike. One line end at the very end is dropped. A JSON string
//! holds line ends as escapes only, so all of this happens while escapes are undone, in one pass.

use std::borrow::Cow;

use memchr::memchr;

use crate::record::json::backslash;
use crate::record::vectors::{self, BLOCK, Kernel, Vectors, Window};

/// What stands for a line end inside a line: U+2028 LINE SEPARATOR in UTF-8.
pub const LINE_SEPARATOR: &str = "\u{2028}";

/// What stands for half of a surrogate pair without the other half.
const REPLACEMENT: &str = "\u{fffd}";

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

/// Appends the text of a JSON string (without its quotes) to `out` as it is, line ends included.
pub fn write_text(escaped: &str, out: &mut Vec<u8>) {
    let mut rest = escaped.as_bytes();
    while let Some(at) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let (character, after) = first_escape(&rest[at..]);
        rest = after;
        match character {
            Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.extend_from_slice(REPLACEMENT.as_bytes()),
        }
    }
    out.extend_from_slice(rest);
}

/// The text of a JSON string without its quotes, borrowed when it has no escapes. What is no character becomes
/// U+FFFD.
pub fn unescape(escaped: &str) -> Cow<'_, str> {
    if memchr(b'\\', escaped.as_bytes()).is_none() {
        return escaped.into();
    }
    let mut text = Vec::with_capacity(escaped.len());
    write_text(escaped, &mut text);
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into()
}

/// A text as a JSON string without its quotes.
pub fn escape(text: &str) -> String {
    // Text is written into memory: this cannot fail.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// Undoes the escape that `text` starts with: its character (`None` for a lone surrogate) and what follows.
pub(crate) fn first_escape(text: &[u8]) -> (Option<char>, &[u8]) {
    let Some(&kind) = text.get(1) else { return (None, &[]) };
    let after = &text[2..];
    let character = match kind {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unescape_unicode(after),
        // `\"`, `\\` and `\/`; JSON has no others.
        other => char::from(other),
    };
    (Some(character), after)
}

fn unescape_unicode(text: &[u8]) -> (Option<char>, &[u8]) {
    let Some((unit, after)) = hex4(text) else { return (None, text) };
    if !(0xd800..0xdc00).contains(&unit) {
        // A low surrogate alone is no character either.
        return (char::from_u32(unit), after);
    }
    let low = after.strip_prefix(b"\\u").and_then(hex4).filter(|(low, _)| (0xdc00..0xe000).contains(low));
    match low {
        Some((low, after)) => (char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)), after),
        None => (None, after),
    }
}

/// The number that four hexadecimal digits at the start of a text make, and what follows them.
pub(crate) fn hex4(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, after) = text.split_at_checked(4)?;
    let mut value = 0;
    for digit in digits {
        value = value << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((value, after))
}

/// A text without the line end that it may have at its end.
pub fn without_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Ends the line that began at `start` of `out`. When it has more than `limit` bytes, its end included, it is
/// replaced by parts within the limit.
///
/// A line is a `head` of `head_len` bytes, repeated on every part, and the text. Each part says which it is,
/// of how many, and of which event: `HEADpart=2/5 id=ID text`. Parts are cut between characters, and the
/// texts of all parts one after the other are the text.
pub fn end_line(out: &mut Vec<u8>, start: usize, head_len: usize, id: &str, limit: usize) {
    if out.len() - start < limit {
        out.push(b'\n');
        return;
    }
    let line = out.split_off(start);
    let (head, text) = line.split_at(head_len);
    for part in parts(text, id, limit.saturating_sub(head.len() + 1)) {
        for piece in [head, part.mark.as_bytes(), part.text, b"\n"] {
            out.extend_from_slice(piece);
        }
    }
}

/// A part of a text that is too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'t> {
    /// Which it is, of how many, and of which event: `part=2/5 id=ID `; nothing when it is the whole.
    pub mark: String,
    /// Its text.
    pub text: &'t [u8],
}

/// Cuts a text between characters into parts of at most `room` bytes with their marks, or leaves it whole when it is
/// no longer than that. The texts of all parts one after the other are the text.
pub fn parts<'t>(text: &'t [u8], id: &str, room: usize) -> Vec<Part<'t>> {
    if text.len() <= room {
        return vec![Part { mark: String::new(), text }];
    }
    // The numbers take room too. Enough for any count, so that the mark never has to be fitted again.
    let widest_mark = "part=/ id= ".len() + 2 * decimal_len(text.len()) + id.len();
    // A limit that leaves no room for text is none; configuration does not allow one that small.
    let room = room.saturating_sub(widest_mark).max(64);
    let mut cuts = vec![0];
    while text.len() - cuts[cuts.len() - 1] > room {
        cuts.push(boundary_before(text, cuts[cuts.len() - 1] + room));
    }
    cuts.push(text.len());
    let count = cuts.len() - 1;
    let part = |(number, ends): (usize, &[usize])| Part {
        mark: format!("part={}/{count} id={id} ", number + 1),
        text: &text[ends[0]..ends[1]],
    };
    cuts.windows(2).enumerate().map(part).collect()
}

fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// The last place at or before `at` where a UTF-8 character begins.
fn boundary_before(text: &[u8], at: usize) -> usize {
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    (0..4).map(|back| at - back).find(|at| !continues(text[*at])).unwrap_or(at)
}

#[cfg(test)]
mod tests;
