//! Terms and what they mean, in two columns.

use std::fmt::Write;

use crate::output::style::TYPED;

/// Maximum width of the first column. The text for a longer term begins on the next line.
const TERM: usize = 30;

/// A term and what it means.
pub(super) type Row = (String, String);

/// Rows below each other, each line of at most `width` columns and ended by a newline. The texts line up.
pub(super) fn rows(rows: &[Row], width: usize) -> String {
    let terms = rows.iter().map(|(term, _)| term.chars().count());
    let column = terms.filter(|&term| term <= TERM).max().unwrap_or_default() + 4;
    let mut out = String::new();
    for (term, text) in rows {
        let _ = write!(out, "  {TYPED}{term}{TYPED:#}");
        let mut at = term.chars().count() + 2;
        if at + 2 > column {
            out.push('\n');
            at = 0;
        }
        for line in textwrap::wrap(text, width.saturating_sub(column).max(20)) {
            let _ = writeln!(out, "{:1$}{line}", "", column - at);
            at = 0;
        }
    }
    out
}
