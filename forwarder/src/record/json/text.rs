//! The text that a JSON string means, and back.

use std::borrow::Cow;

use memchr::memchr;

/// What stands for half of a surrogate pair without the other half.
pub(crate) const REPLACEMENT: &str = "\u{fffd}";

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
