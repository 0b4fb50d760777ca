//! What reaches a screen or a log: no secret, and no character that does something instead of showing.
//!
//! Names, patterns and messages come from others, who may put anything into them: sequences that move the cursor, hide
//! what follows, or write to the clipboard; characters without a width; marks that turn the direction of a line; line
//! ends that make one value look like several lines of this program.

use std::fmt;

use cwl2le_forwarder::secret::redactor;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The numbers of [`style`](super::style) and of clap's styles in `ESC [ ... m`.
const OWN: [&str; 8] = ["0", "1", "2", "4", "31", "32", "33", "36"];

/// A value from outside on one line: every character that does not show is escaped, as `\n` or `\u{202e}`.
///
/// [`Printer`](super::Printer) and [`Progress`](super::Progress) escape everything but line ends, which may belong to
/// the report. So every value from outside is put into a text through this.
pub fn visible(value: impl fmt::Display) -> String {
    let value = value.to_string();
    let mut out = String::new();
    redactor::redact(&value).chars().for_each(|c| push(c, is_hidden(c), &mut out));
    out
}

/// A text of this program without its styles, for places that show none.
pub fn unstyled(text: &str) -> String {
    shown(text, false)
}

/// A text of this program, with its line ends and with or without its styles.
pub(super) fn shown(text: &str, styles: bool) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    // A word begins and ends at a style, so a secret is looked for between two of them.
    while !rest.is_empty() {
        let (plain, style) = next_style(rest);
        redactor::redact(plain).chars().for_each(|c| push(c, c != '\n' && is_hidden(c), &mut out));
        if styles {
            out += style;
        }
        rest = &rest[plain.len() + style.len()..];
    }
    out
}

/// A JSON document with escapes for what does not show. They stand for the same characters, and only strings have any.
pub(super) fn json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if c != '\n' && is_hidden(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
        } else {
            out.push(c);
        }
    }
    out
}

/// A log line that goes to a terminal, where there is no telling what it would do. Bytes that are no UTF-8 become
/// U+FFFD.
pub fn for_terminal(line: &[u8]) -> String {
    let mut out = String::with_capacity(line.len());
    for c in String::from_utf8_lossy(line).chars() {
        push(c, !matches!(c, '\n' | '\t') && is_hidden(c), &mut out);
    }
    out
}

fn push(c: char, escaped: bool, out: &mut String) {
    if escaped { out.extend(c.escape_default()) } else { out.push(c) }
}

/// Whether a character does something instead of showing: control and format characters, separators of lines and
/// paragraphs.
fn is_hidden(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    match c {
        ' '..='~' => false,
        _ => matches!(c.general_category(), Control | Format | LineSeparator | ParagraphSeparator),
    }
}

/// The text before the next of the styles of [`style`](super::style), and that style.
pub(super) fn next_style(text: &str) -> (&str, &str) {
    for (at, _) in text.match_indices("\u{1b}[") {
        let codes = &text[at + 2..];
        let Some(end) = codes.find(|c: char| !c.is_ascii_digit() && c != ';') else { continue };
        if codes[end..].starts_with('m') && codes[..end].split(';').all(|code| OWN.contains(&code)) {
            return (&text[..at], &text[at..at + 2 + end + 1]);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_show_is_escaped_and_what_shows_is_not() {
        assert_eq!(
            visible("x\u{1b}]0;\r\n\u{202e}\u{200b}\u{ad}\u{2028}"),
            "x\\u{1b}]0;\\r\\n\\u{202e}\\u{200b}\\u{ad}\\u{2028}"
        );
        let text = "J\u{fc}rgen Mu\u{308}ller \u{65e5}\u{672c}\u{3000}\u{1f600} \\ \"q\"";
        assert_eq!(visible(text), text);
    }

    #[test]
    fn styles_and_line_ends_of_ours_stay() {
        let text = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m a\n  b\u{1b}[8m\u{1b}]52;c;x\u{7}";
        assert_eq!(
            shown(text, true),
            "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m a\n  b\\u{1b}[8m\\u{1b}]52;c;x\\u{7}"
        );
        assert_eq!(shown(text, false), "error: a\n  b\\u{1b}[8m\\u{1b}]52;c;x\\u{7}");
    }

    #[test]
    fn an_unfinished_sequence_swallows_nothing() {
        assert_eq!(shown("x\u{1b}]0;\nthe-tap", false), "x\\u{1b}]0;\nthe-tap");
        assert_eq!(shown("x\u{1b}[31", true), "x\\u{1b}[31");
    }

    proptest! {
        #[test]
        fn json_stays_what_it_is(text in any::<String>()) {
            let document = json(&serde_json::to_string(&text).expect("JSON"));
            prop_assert!(!document.chars().any(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&document).expect("JSON"), text);
        }

        #[test]
        fn nothing_hidden_is_shown(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_hidden));
            prop_assert!(!shown(&text, false).chars().any(|c| c != '\n' && is_hidden(c)));
            prop_assert!(!for_terminal(text.as_bytes()).chars().any(|c| !"\n\t".contains(c) && is_hidden(c)));
        }
    }
}
