//! Lines that fit.
//!
//! Widths are in columns of a terminal: a style takes none, a wide character two. A line never ends inside a style: a
//! pager, or the columns next to it, would not know where the style stops.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::visible::next_style;

/// What ends every style.
const RESET: &str = "\u{1b}[0m";
/// Holds two words together, and is not shown.
const GLUE: char = '\u{a0}';

/// Columns that a text on one line takes.
pub fn columns(text: &str) -> usize {
    display_width(text)
}

/// A text in lines of at most `width` columns, as far as its words allow; at least one line. Words stay whole, so that
/// a name or a command can be copied.
pub fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> + use<> {
    let options = Options::new(width.max(1))
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let mut open = String::new();
    let lines = textwrap::wrap(text, options);
    lines.iter().map(|line| closed(line, &mut open)).collect::<Vec<_>>().into_iter()
}

/// The same, but no line begins with a word that `stays` says is to stay behind the one before it.
pub fn wrapped_but(text: &str, width: usize, stays: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
    let mut glued = String::with_capacity(text.len());
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            glued.push(if stays(word) { GLUE } else { ' ' });
        }
        glued.push_str(word);
    }
    wrapped(&glued, width).map(|line| line.replace(GLUE, " "))
}

/// A text behind `lead`, such as `hint: `, in lines of at most `width` columns, of which all but the first begin where
/// the text begins in the first.
pub fn hanging(lead: &str, text: &str, width: usize) -> String {
    indented(lead, text, columns(lead), width)
}

/// The same, but all lines after the first begin at the column `indent`.
pub fn indented(lead: &str, text: &str, indent: usize, width: usize) -> String {
    let lines: Vec<String> = wrapped(text, width.saturating_sub(indent.max(columns(lead)))).collect();
    format!("{lead}{}", lines.join(&format!("\n{:indent$}", "")))
}

/// A name of at most `width` columns: its middle gives way to `…`, since the beginning of a name says what it belongs
/// to and its end tells it from the others.
pub fn shortened(name: &str, width: usize) -> String {
    if columns(name) <= width {
        return name.to_owned();
    }
    let (mut styles, mut plain) = (String::new(), String::new());
    for (text, style) in pieces(name) {
        plain.push_str(text);
        styles.push_str(if plain.is_empty() { style } else { "" });
    }
    let keep = width.saturating_sub(1);
    let take = |from: &mut dyn Iterator<Item = char>, most: usize| {
        let mut taken = 0;
        let fits = |c: &char| {
            taken += columns(c.encode_utf8(&mut [0; 4]));
            taken <= most
        };
        from.take_while(fits).collect::<String>()
    };
    let head = take(&mut plain.chars(), keep.div_ceil(2));
    let tail: String = take(&mut plain.chars().rev(), keep / 2).chars().rev().collect();
    let end = if styles.is_empty() { "" } else { RESET };
    format!("{styles}{head}…{tail}{end}")
}

/// A line that ends the styles that are open at its end and begins with those that were open at the end of the one
/// before.
fn closed(line: &str, open: &mut String) -> String {
    let mut out = format!("{open}{line}");
    for (_, style) in pieces(line) {
        match style {
            "" => {}
            RESET => open.clear(),
            style => open.push_str(style),
        }
    }
    if !open.is_empty() {
        out.push_str(RESET);
    }
    out
}

/// A text in pieces, each with the style that follows it.
fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let piece = (!rest.is_empty()).then(|| next_style(rest));
        rest = piece.map_or("", |(plain, style)| &rest[plain.len() + style.len()..]);
        piece
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::style::{BOLD, DIM};
    use super::*;

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        assert!(wrapped("one two three", 7).eq(["one two", "three"]));
        assert!(wrapped("a-long-word in", 4).eq(["a-long-word", "in"]));
        assert!(wrapped("", 4).eq([""]));
        assert!(wrapped_but("one two - three", 7, |word| word == "-").eq(["one", "two -", "three"]));
        assert_eq!(hanging("hint: ", "one two three", 13), "hint: one two\n      three");
    }

    #[test]
    fn a_style_takes_no_columns_and_ends_with_its_line() {
        let text = format!("one {DIM}two three{DIM:#} {BOLD}four{BOLD:#}");
        let lines =
            [format!("one {DIM}two{DIM:#}"), format!("{DIM}three{DIM:#}"), format!("{BOLD}four{BOLD:#}")];
        assert!(wrapped(&text, 7).eq(lines));
    }

    #[test]
    fn a_name_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("/aws/lambda/checkout", 20), "/aws/lambda/checkout");
        assert_eq!(shortened("/aws/lambda/checkout", 11), "/aws/…ckout");
        let styled = format!("{BOLD}/aws/lambda/checkout{BOLD:#}");
        assert_eq!(shortened(&styled, 11), format!("{BOLD}/aws/…ckout{BOLD:#}"));
        assert_eq!(shortened("日本語日本語", 6), "日…語", "a wide character takes two columns");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_line_fits(words in prop::collection::vec("[a-z]{1,9}", 1..40), width in 10usize..60) {
            let text = words.join(" ");
            let lines: Vec<String> = wrapped(&text, width).collect();
            prop_assert!(lines.iter().all(|line| columns(line) <= width));
            prop_assert_eq!(lines.join(" "), text.clone());
            prop_assert!(columns(&shortened(&text, width)) <= width);
        }
    }
}
