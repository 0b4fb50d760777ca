//! JSON that strict readers accept.
//!
//! What an application logs as JSON is embedded in our JSON as it is. The grammar of JSON allows escapes of one half of
//! a surrogate pair (`\ud83d` alone) and any depth; many readers refuse both, and with them the whole line.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter, memmem};

use super::text::hex4;

/// Maximum depth of JSON that is embedded: what serde_json reads, and fewer than the limits of other common readers.
const DEEPEST: usize = 126;

/// What stands for half of a surrogate pair without the other half: U+FFFD, escaped.
const REPLACEMENT: &str = "\\ufffd";

/// Valid JSON with [`REPLACEMENT`] in the place of every lone surrogate; borrowed where there is none.
pub(crate) fn without_lone_surrogates(json: &str) -> Cow<'_, str> {
    if memmem::find(json.as_bytes(), b"\\u").is_none() {
        return json.into();
    }
    let bytes = json.as_bytes();
    let (mut out, mut written, mut at) = (String::new(), 0, 0);
    while let Some(escape) = memchr(b'\\', &bytes[at..]).map(|escape| at + escape) {
        at = (escape + 2).min(bytes.len());
        let Some(unit) = surrogate(&bytes[escape..]) else { continue };
        let is_high = unit < 0xdc00;
        if is_high && surrogate(&bytes[escape + 6..]).is_some_and(|low| low >= 0xdc00) {
            at = escape + 12;
            continue;
        }
        out.push_str(&json[written..escape]);
        out.push_str(REPLACEMENT);
        at = escape + 6;
        written = at;
    }
    if out.is_empty() {
        return json.into();
    }
    out.push_str(&json[written..]);
    out.into()
}

/// The surrogate whose escape a text begins with.
fn surrogate(text: &[u8]) -> Option<u32> {
    let (unit, _) = hex4(text.strip_prefix(b"\\u")?)?;
    (0xd800..0xe000).contains(&unit).then_some(unit)
}

/// Whether valid JSON has objects and arrays in each other deeper than [`DEEPEST`].
pub(crate) fn is_too_deep(json: &str) -> bool {
    // This many brackets have to be opened and closed.
    if json.len() <= 2 * DEEPEST || memchr2_iter(b'{', b'[', json.as_bytes()).nth(DEEPEST).is_none() {
        return false;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    json.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn halves_of_pairs_are_replaced_and_pairs_stay() {
        for (json, expected) in [
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#),
            (r#"{"a":"\uD83D"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"\ude00":"x\ud83d\n"}"#, r#"{"\ufffd":"x\ufffd\n"}"#),
            (r#"{"a":"\ud83d\ud83d\ude00\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00\ufffd"}"#),
            // An escaped backslash, and what only looks like an escape behind it.
            (r#"{"a":"\\ud83d \\\ud83d \u0040"}"#, r#"{"a":"\\ud83d \\\ufffd \u0040"}"#),
        ] {
            assert_eq!(without_lone_surrogates(json), expected);
        }
    }

    #[test]
    fn depth_is_that_of_brackets_outside_of_strings() {
        let nested =
            |depth: usize| format!("{}{}{}", r#"{"a":["#.repeat(depth / 2), "1", "]}".repeat(depth / 2));
        assert!(!is_too_deep(&nested(DEEPEST)) && is_too_deep(&nested(DEEPEST + 2)));
        assert!(!is_too_deep(&format!(r#"{{"a":"{}\"{}"}}"#, "[".repeat(300), "{".repeat(300))));
        assert!(!is_too_deep(&format!("[{}]", "[1],".repeat(300))));
    }

    proptest! {
        /// serde_json is as strict as any reader, and reads what comes out.
        #[test]
        fn strict_readers_read_what_comes_out(
            parts in proptest::collection::vec(prop_oneof![
                Just(r"\ud83d".to_owned()), Just(r"\uDE00".to_owned()), Just(r"\\".to_owned()), Just(r#"\""#.to_owned()),
                Just(r"\u0041".to_owned()), Just("u".to_owned()), Just("d83d".to_owned()), "[a-zé]{0,3}",
            ], 0..12),
        ) {
            let json = format!(r#"{{"{0}":["{0}"]}}"#, parts.concat());
            let strict = without_lone_surrogates(&json);
            prop_assert!(serde_json::from_str::<Value>(&strict).is_ok(), "{} from {}", strict, json);
            if serde_json::from_str::<Value>(&json).is_ok() {
                prop_assert_eq!(&*strict, &*json);
            }
        }
    }
}
