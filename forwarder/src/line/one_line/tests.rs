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

/// The lines that an event makes under a limit.
fn lines(head: &str, text: &str, id: &str, limit: usize) -> Vec<String> {
    let mut out = [b"before\n".as_slice(), head.as_bytes(), text.as_bytes()].concat();
    end_line(&mut out, 7, head.len(), id, limit);
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix("before\n").unwrap().split_terminator('\n').map(str::to_owned).collect()
}

#[test]
fn a_line_at_the_limit_is_whole_and_one_byte_more_is_cut() {
    assert_eq!(lines("T ", &"x".repeat(197), "7", 200), [format!("T {}", "x".repeat(197))]);
    let parts = lines("T ", &"x".repeat(198), "7", 200);
    assert_eq!(parts.len(), 2);
    assert!(
        parts[0].starts_with("T part=1/2 id=7 x") && parts[1].starts_with("T part=2/2 id=7 x"),
        "{parts:?}"
    );
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

    #[test]
    fn parts_are_within_the_limit_and_concatenate_to_the_text(
        text in "[a-z é日😀]{0,2000}", id in "[0-9]{0,56}", limit in 220usize..600,
    ) {
        let head = "01234567-89ab-cdef-0123-456789abcdef ";
        let parts = lines(head, &text, &id, limit);
        prop_assert!(parts.iter().all(|part| part.len() < limit));
        let whole: String = if let [only] = &parts[..] {
            only[head.len()..].to_owned()
        } else {
            let count = parts.len();
            parts.iter().enumerate().map(|(at, part)| {
                part.strip_prefix(&format!("{head}part={}/{count} id={id} ", at + 1)).unwrap()
            }).collect()
        };
        prop_assert_eq!(whole, text);
    }
}
