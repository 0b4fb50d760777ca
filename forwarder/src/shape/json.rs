//! JSON inside messages: where it is, its scalars, and one field of it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::line;

/// How often a `{` may turn out to begin no object before the rest counts as text. Bounds the time that text
/// full of braces takes.
const VAIN_ATTEMPTS: usize = 64;

/// The outermost JSON objects in a text, in order: the whole of a JSON line, the end of a line that begins with a
/// time and a level, whole objects of one that was cut off.
pub(super) fn objects(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut at, mut vain) = (Vec::new(), 0, 0);
    while let Some(brace) = memchr::memchr(b'{', &text.as_bytes()[at..]).map(|brace| at + brace) {
        let mut values = serde_json::Deserializer::from_str(&text[brace..]).into_iter::<IgnoredAny>();
        if let Some(Ok(_)) = values.next() {
            at = brace + values.byte_offset();
            found.push(brace..at);
        } else {
            at = brace + 1;
            vain += 1;
            if vain == VAIN_ATTEMPTS {
                break;
            }
        }
    }
    found
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
            text.push_str(&raw[at..escape]);
            let (character, rest) = line::first_escape(&raw.as_bytes()[escape..]);
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
    fn objects_are_found_between_text() {
        let of = |text: &'static str| objects(text).into_iter().map(|at| &text[at]).collect::<Vec<_>>();
        assert_eq!(of(r#" {"a":{"b":1}} "#), [r#"{"a":{"b":1}}"#]);
        assert_eq!(of("time\tid\tINFO\t{\"a\":1}\n"), ["{\"a\":1}"]);
        assert_eq!(of(r#"{ bare: 1 } {"a":1} x {"b":2}"#), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert_eq!(of(r#"{"cut":[{"a":1},{"b":2},{"c"#), [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert!(of("no { json } here").is_empty());
        assert!(objects(&"{".repeat(100_000)).is_empty());
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
