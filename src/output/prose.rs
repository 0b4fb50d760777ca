//! Sentences with commands and names in them.

use anstyle::Style;

use super::command::continued;
use super::visible;
use super::wrap::{columns, wrapped};

/// Holds the words of a command together while its sentence is wrapped.
const GLUE: &str = "\u{a0}";

/// A sentence in lines of at most `width` columns, as far as its words allow. What stands between backticks has the
/// style `quoted` and is not broken; a command that is longer than a line has lines of its own, which a shell reads as
/// one. Values in it may come from outside: what does not show is escaped.
pub(super) fn prose(text: &str, width: usize, quoted: Style) -> Vec<String> {
    let text = visible(text);
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick belongs to a value.
    if parts.len().is_multiple_of(2) {
        return wrapped(&text, width).collect();
    }
    let (mut lines, mut sentence) = (Vec::new(), String::new());
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 0 {
            sentence += part;
        } else if columns(part) + 2 <= width || !part.starts_with("cwl2le ") {
            sentence += &format!("{quoted}`{}`{quoted:#}", part.replace(' ', GLUE));
        } else {
            flush(&mut sentence, width, &mut lines);
            let command = continued(part, width.saturating_sub(2));
            lines.extend(command.iter().map(|line| format!("  {quoted}{line}{quoted:#}")));
        }
    }
    flush(&mut sentence, width, &mut lines);
    lines
}

/// Ends the lines of a sentence; behind a command that has lines of its own, without the punctuation that follows it.
fn flush(sentence: &mut String, width: usize, lines: &mut Vec<String>) {
    let text = std::mem::take(sentence);
    let text = if lines.is_empty() { &text } else { text.trim_start_matches([',', ';', '.', ':', ' ']) };
    if !text.trim().is_empty() || lines.is_empty() {
        lines.extend(wrapped(text.trim(), width).map(|line| line.replace(GLUE, " ")));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::style::TYPED;
    use super::super::visible::shown;
    use super::*;

    fn plain(text: &str, width: usize) -> Vec<String> {
        prose(text, width, TYPED).iter().map(|line| shown(line, false)).collect()
    }

    #[test]
    fn a_command_stays_on_one_line_or_has_lines_of_its_own() {
        assert_eq!(plain("run `cwl2le plan` now", 20), ["run `cwl2le plan`", "now"]);
        assert_eq!(plain("you can run `cwl2le plan` now", 20), ["you can run", "`cwl2le plan` now"]);
        assert_eq!(
            plain("run `cwl2le plan --stack a-long-name`, then look", 24),
            ["run", "  cwl2le plan --stack \\", "      a-long-name", "then look"]
        );
        assert_eq!(plain("an odd ` stays", 80), ["an odd ` stays"]);
        assert_eq!(prose("`x`", 80, TYPED), [format!("{TYPED}`x`{TYPED:#}")]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(words in prop::collection::vec("[a-z`]{1,9}", 1..30), width in 20usize..80) {
            let text = words.join(" ");
            let flat = |text: &str| text.chars().filter(|c| !" `\\".contains(*c)).collect::<String>();
            prop_assert_eq!(flat(&plain(&text, width).join(" ")), flat(&text));
        }
    }
}
