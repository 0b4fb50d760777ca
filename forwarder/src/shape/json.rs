//! JSON inside messages: where it is, its scalars, and one field of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use memchr::memchr2;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::record::json::text;

/// Maximum number of bytes that are read without a result, for each byte of a text: braces and brackets may turn out to
/// begin nothing. Bounds the time that text full of them takes.
const VAIN: usize = 8;

/// The same for a text of any length.
const VAIN_AT_LEAST: usize = 64 << 10;

/// The outermost JSON objects and arrays in a text, in order: the whole of a JSON line, the end of a line that begins
/// with a time and a level, whole objects of one that was cut off. An array of numbers is JSON only where it is all of
/// the text: in other text it is more likely to be plain brackets.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut at, mut vain) = (Vec::new(), 0, VAIN * text.len() + VAIN_AT_LEAST);
    while let Some(open) = memchr2(b'{', b'[', &bytes[at..]).map(|open| at + open) {
        let mut values = serde_json::Deserializer::from_str(&text[open..]).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(_)) => {
                at = open + values.byte_offset();
                let is_json = bytes[open] == b'{'
                    || memchr2(b'"', b'{', &bytes[open..at]).is_some()
                    || text.trim().len() == at - open;
                if is_json {
                    found.push(open..at);
                }
            }
            failed => {
                let read = failed.and_then(Result::err).map_or(0, |error| place(&text[open..], &error));
                match vain.checked_sub(read.max(VAIN)) {
                    Some(left) => vain = left,
                    None => break,
                }
                at = open + 1;
            }
        }
    }
    found
}

/// Where in a text an error is.
fn place(text: &str, error: &serde_json::Error) -> usize {
    let line_end =
        error.line().checked_sub(2).and_then(|nth| memchr::memchr_iter(b'\n', text.as_bytes()).nth(nth));
    line_end.map_or(0, |end| end + 1) + error.column()
}

/// A name, string, number or word of JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scalar {
    /// Where it stands: of a string what is between its quotes.
    pub(super) range: Range<usize>,
    /// Whether it stands between quotes.
    pub(super) quoted: bool,
}

/// The scalars of valid JSON, in order.
pub(super) fn scalars(json: &str) -> impl Iterator<Item = Scalar> {
    let bytes = json.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'"' => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                    return Some(Scalar { range: start + 1..at - 1, quoted: true });
                }
                byte if byte == b'-' || byte.is_ascii_alphanumeric() => {
                    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                    at += bytes[at..].iter().position(ends).unwrap_or(bytes.len() - at);
                    return Some(Scalar { range: start..at, quoted: false });
                }
                _ => at += 1,
            }
        }
        None
    })
}

/// The text that a JSON string means, and where its parts come from.
pub(super) struct Unescaped {
    /// The text.
    pub(super) text: String,
    /// Each escape: its place in the string and in the text.
    escapes: Vec<(Range<usize>, Range<usize>)>,
}

impl Unescaped {
    /// Undoes the escapes of a JSON string without its quotes.
    pub(super) fn new(raw: &str) -> Self {
        let (mut text, mut escapes, mut at) = (String::with_capacity(raw.len()), Vec::new(), 0);
        while let Some(escape) = memchr::memchr(b'\\', &raw.as_bytes()[at..]).map(|escape| at + escape) {
            if !raw.as_bytes().get(escape + 1).is_some_and(u8::is_ascii) {
                // JSON has no such escape, but other text may have one.
                text.push_str(&raw[at..=escape]);
                at = escape + 1;
                continue;
            }
            text.push_str(&raw[at..escape]);
            let (character, rest) = text::first_escape(&raw.as_bytes()[escape..]);
            at = raw.len() - rest.len();
            let begin = text.len();
            text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            escapes.push((escape..at, begin..text.len()));
        }
        text.push_str(&raw[at..]);
        Self { text, escapes }
    }

    /// Where a part of the string is in the text. A part of an escape is nowhere.
    pub(super) fn place_of(&self, raw: &Range<usize>) -> Range<usize> {
        let last_before = |at: usize| {
            let count = self.escapes.partition_point(|(escape, _)| escape.start < at);
            count.checked_sub(1).map(|last| &self.escapes[last])
        };
        let start = match last_before(raw.start) {
            Some((escape, character)) => character.end + raw.start.saturating_sub(escape.end),
            None => raw.start,
        };
        let end = match last_before(raw.end) {
            Some((escape, character)) if raw.end < escape.end => character.start,
            Some((escape, character)) => character.end + raw.end - escape.end,
            None => raw.end,
        };
        start..end.max(start)
    }

    /// Where a part of the text comes from in the string, escapes that it touches included.
    pub(super) fn origin_of(&self, text: &Range<usize>) -> Range<usize> {
        let last_before = |at: usize| {
            let count = self.escapes.partition_point(|(_, character)| character.start < at);
            count.checked_sub(1).map(|last| &self.escapes[last])
        };
        // The escape that the part begins with begins at the same place.
        let start = match last_before(text.start + 1) {
            Some((escape, character)) if text.start < character.end => escape.start,
            Some((escape, character)) => escape.end + text.start - character.end,
            None => text.start,
        };
        let end = match last_before(text.end) {
            Some((escape, character)) => escape.end + text.end.saturating_sub(character.end),
            None => text.end,
        };
        start..end.max(start)
    }
}

/// The scalar at a path of the first object in a text: the text of a string, a number or word as it stands.
/// Nothing for `null` and for what is no scalar. A dot may separate names or stand in one.
pub(super) fn lookup<'t>(text: &'t str, path: &str) -> Option<Cow<'t, str>> {
    let begin = memchr::memchr(b'{', text.as_bytes())?;
    let first = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<&RawValue>().next()?.ok()?;
    let value = member(first, path)?.get();
    match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(value)),
    }
}

fn member<'t>(object: &'t RawValue, path: &str) -> Option<&'t RawValue> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object.get()).ok()?;
    if let Some(value) = members.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| member(members.get(&path[..dot])?, &path[dot + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_between_text() {
        let of = |text: &'static str| values(text).into_iter().map(|at| &text[at]).collect::<Vec<_>>();
        assert_eq!(of(r#" {"a":{"b":1}} "#), [r#"{"a":{"b":1}}"#]);
        assert_eq!(of("time\tid\tINFO\t{\"a\":1}\n"), ["{\"a\":1}"]);
        assert_eq!(of(r#"{ bare: 1 } {"a":1} x {"b":2}"#), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert_eq!(of(r#"{"cut":[{"a":1},{"b":2},{"c"#), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert_eq!(of(r#"[INFO] ["a",["b"]] [1] [{"c":1}]"#), [r#"["a",["b"]]"#, r#"[{"c":1}]"#]);
        assert_eq!(of(" [1,[2]]\n"), ["[1,[2]]"]);
        assert!(of("no { json } [here] [::1]:80").is_empty());
        assert!(values(&"{".repeat(100_000)).is_empty());
        let stray = format!("{}{}{}", "{\n".repeat(500), "[x] ".repeat(500), r#"{"a":1}"#);
        assert_eq!(values(&stray).pop(), Some(stray.len() - 7..stray.len()));
        let unfinished = r#"{"a":["#.repeat(20_000);
        assert!(values(&unfinished).is_empty());
    }

    #[test]
    fn scalars_are_found_in_order() {
        let json = r#"{"a\"b" : "", "n":[-1.5e3,true , null],"日":{"x":"\\"}}"#;
        let found: Vec<_> = scalars(json).map(|scalar| (&json[scalar.range], scalar.quoted)).collect();
        let expected = [
            ("a\\\"b", true),
            ("", true),
            ("n", true),
            ("-1.5e3", false),
            ("true", false),
            ("null", false),
            ("日", true),
            ("x", true),
            ("\\\\", true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn places_in_a_string_are_places_in_its_text() {
        let raw = r#"a\u0040b\n\ud83d\ude00é\"x"#;
        let unescaped = Unescaped::new(raw);
        assert_eq!(unescaped.text, "a@b\n😀é\"x");
        let place = |part: &str| {
            let start = raw.find(part).unwrap();
            &unescaped.text[unescaped.place_of(&(start..start + part.len()))]
        };
        for (part, text) in [
            (raw, "a@b\n😀é\"x"),
            ("a", "a"),
            (r"a\u0040", "a@"),
            ("u0040b", "b"),
            (r"b\n", "b\n"),
            (r"b\", "b"),
            (r"\ude00é", "é"),
            ("é", "é"),
            ("x", "x"),
        ] {
            assert_eq!(place(part), text, "{part}");
        }
        assert_eq!(unescaped.place_of(&(3..5)), 2..2, "within an escape");
        let origin = |part: &str| {
            let start = unescaped.text.find(part).unwrap();
            &raw[unescaped.origin_of(&(start..start + part.len()))]
        };
        for (part, from) in [
            ("a", "a"),
            ("a@", r"a\u0040"),
            ("@b", r"\u0040b"),
            ("\n😀é", r"\n\ud83d\ude00é"),
            ("é", "é"),
            ("\"x", r#"\"x"#),
        ] {
            assert_eq!(origin(part), from, "{part}");
        }
        assert_eq!(unescaped.origin_of(&(0..unescaped.text.len())), 0..raw.len());
    }

    #[test]
    fn a_field_is_found_by_its_path() {
        let text = "INFO {\"a\":{\"b.c\":{\"d\":\"x\\ny\"}},\"n\":10.0,\"t\":true,\"z\":null} {\"n\":2}";
        for (path, expected) in [
            ("a.b.c.d", Some("x\ny")),
            ("n", Some("10.0")),
            ("t", Some("true")),
            ("z", None),
            ("a", None),
            ("q", None),
        ] {
            assert_eq!(lookup(text, path).as_deref(), expected, "{path}");
        }
        assert_eq!(lookup("no json", "a"), None);
        assert_eq!(lookup("{ nonfield: null }", "nonfield"), None);
    }
}
