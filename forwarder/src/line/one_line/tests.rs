use proptest::prelude::*;

use super::*;

fn written(escaped: &str) -> String {
    let mut out = b"kept ".to_vec();
    write_message(escaped, &mut out);
    String::from_utf8(out).unwrap().strip_prefix("kept ").unwrap().to_owned()
}

#[test]
fn line_ends_become_separators_and_the_last_is_dropped() {
    for (escaped, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("end\\n", "end"),
        ("end\\r\\n", "end"),
        ("end\\r", "end"),
        ("end\\n\\n", "end\u{2028}"),
        ("end\\n\\r", "end\u{2028}"),
        ("\\n", ""),
        ("\\n\\n\\n", "\u{2028}\u{2028}"),
        ("\\r\\n\\r\\n", "\u{2028}"),
        ("a\\nb\\r\\nc\\rd\\u000ae\\u000D\\u000Af", "a\u{2028}b\u{2028}c\u{2028}d\u{2028}e\u{2028}f"),
        ("a\u{2028}\\u2028", "a\u{2028}\u{2028}"),
        ("\\u2028\\n", "\u{2028}"),
        ("nul\\u0000 tab\\t \\b\\f\\/\\\\\\\"", "nul\0 tab\t \u{8}\u{c}/\\\""),
        ("日本語\\u65e5 😀 \\ud83d\\ude00", "日本語日 😀 😀"),
        ("lone \\ud83d, \\ude00 and \\ud83d\\ud83d\\ude00", "lone \u{fffd}, \u{fffd} and \u{fffd}😀"),
    ] {
        assert_eq!(written(escaped), expected, "{escaped}");
    }
}

#[test]
fn what_is_no_json_string_does_no_harm() {
    for broken in ["\\", "\\u", "\\u12", "\\u12x4", "\\ud83d\\u", "\\x"] {
        written(broken);
    }
}

proptest! {
    #[test]
    fn unescaping_agrees_with_serde_json(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let joined = text.replace("\r\n", "\n").replace('\r', "\n");
        let expected = joined.strip_suffix('\n').unwrap_or(&joined).replace('\n', LINE_SEPARATOR);
        prop_assert_eq!(written(&json[1..json.len() - 1]), expected);
    }

    #[test]
    fn any_escapes_give_valid_text(escaped in r#"(\\[nrtbf/"\\]|\\u[0-9a-fA-F]{4}|[a-zé日😀])*"#) {
        let line = written(&escaped);
        prop_assert!(!line.contains(['\n', '\r']));
        if let Ok(text) = serde_json::from_str::<String>(&format!("\"{escaped}\"")) {
            prop_assert_eq!(line, { let t = text.replace("\r\n", "\n").replace('\r', "\n"); t.strip_suffix('\n').unwrap_or(&t).replace('\n', LINE_SEPARATOR) });
        }
    }
}
