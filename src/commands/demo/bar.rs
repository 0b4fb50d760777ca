//! A row of the demo with a bar: how many of the lines of one act arrived, or wait.

use std::fmt::Write as _;

use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN};

/// Columns of the names of the acts.
const NAME: usize = "The log service is down".len();
/// Columns before the bar: an indent, the name and a gap.
const BEFORE: usize = 2 + NAME + 2;
/// Columns of the longest count, with a gap before it.
const COUNT: usize = 2 + "30 waiting in the stream".len();
/// Columns of the longest note, with a gap before it.
const NOTE: usize = 2 + "after 10.5 s".len();
/// Minimum and maximum columns of the longest bar.
const BAR: (usize, usize) = (7, 30);

/// What a bar shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Lines that arrived. What is missing is shown as well.
    Arrived,
    /// Lines that wait in the stream, as they should.
    Waiting,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    /// The act, such as `It is back`.
    pub(super) name: &'static str,
    /// What is counted.
    pub(super) what: What,
    /// How many there are of it.
    pub(super) count: u64,
    /// How many there should be.
    pub(super) of: u64,
    /// Lines that the longest bar stands for.
    pub(super) scale: u64,
    /// What else there is to know, such as how long it took.
    pub(super) note: String,
}

impl Bar {
    /// The row in at most `width` columns, where those are at least 60. The note gets a line of its own if it does not
    /// fit beside the count.
    pub(super) fn row(&self, width: usize) -> String {
        let longest = width.saturating_sub(BEFORE + COUNT + NOTE).clamp(BAR.0, BAR.1);
        let cells = cells(self.of, self.scale, longest);
        // Only a whole bar means that all of them are there.
        let full = if self.count >= self.of { cells } else { cells_below(self.count, self.of, cells) };
        let (style, sign) = match self.what {
            What::Arrived => (GOOD, "█"),
            What::Waiting => (WARN, "▒"),
        };
        let mut row = format!("  {BOLD}{:<NAME$}{BOLD:#}  {style}{}{style:#}", self.name, sign.repeat(full));
        if cells > full {
            let _ = write!(row, "{BAD}{}{BAD:#}", "░".repeat(cells - full));
        }
        let count = self.count_text();
        let _ = write!(row, "{:1$}  {count}", "", longest - cells);
        if self.note.is_empty() {
            return row;
        }
        let at = BEFORE + longest + 2;
        let (newline, gap) = if at + count.len() + 2 + self.note.len() <= width {
            // The notes of rows that have one line up.
            let room = width - (at + count.len() + 2 + self.note.len());
            ("", 2 + room.min((COUNT - 2).saturating_sub(count.len())))
        } else {
            ("\n", at)
        };
        let _ = write!(row, "{newline}{:gap$}{DIM}{}{DIM:#}", "", self.note);
        row
    }

    /// The count in words, such as `30 of 30 arrived`.
    pub(super) fn count_text(&self) -> String {
        match self.what {
            What::Arrived => format!("{} of {} arrived", self.count, self.of),
            What::Waiting => format!("{} waiting in the stream", self.count),
        }
    }
}

/// Cells for a number of lines, where the longest bar stands for `scale` of them; at least one.
fn cells(lines: u64, scale: u64, longest: usize) -> usize {
    let share = lines as f64 / scale.max(1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number below a hundred"
    )]
    let cells = (share * longest as f64).round() as usize;
    cells.clamp(1, longest)
}

/// Cells for a part of the lines, never all of them.
fn cells_below(count: u64, of: u64, cells: usize) -> usize {
    usize::try_from(count * cells as u64 / of.max(1)).unwrap_or(usize::MAX).min(cells - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(name: &'static str, what: What, count: u64, of: u64, note: &str) -> Bar {
        Bar { name, what, count, of, scale: 30, note: note.to_owned() }
    }

    fn plain(row: &str) -> String {
        let mut plain = row.to_owned();
        for style in [BAD, BOLD, DIM, GOOD, WARN] {
            plain = plain.replace(&style.to_string(), "").replace(&format!("{style:#}"), "");
        }
        plain
    }

    #[test]
    fn bars_show_what_arrived_what_waits_and_what_is_missing() {
        use What::{Arrived, Waiting};
        let rows = [
            bar("An application logs", Arrived, 30, 30, "median 0.7 s"),
            bar("The log service is down", Waiting, 30, 30, ""),
            bar("It is back", Arrived, 28, 30, "after 10.5 s"),
            bar("And goes on", Arrived, 15, 15, ""),
            bar("And goes on", Arrived, 0, 15, ""),
        ];
        let shown = |width| rows.iter().map(|bar| plain(&bar.row(width))).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!([100, 80, 60].map(shown).join("\n\n"));
        let missing = bar("It is back", Arrived, 28, 30, "").row(100);
        assert!(missing.contains(&format!("{BAD}░░{BAD:#}")), "{missing}");
    }

    proptest! {
        #[test]
        fn rows_fit_and_only_a_whole_bar_is_whole(of in 1_u64..=30, missing in 0_u64..=30, width in 60_usize..=100) {
            let count = of - missing.min(of);
            let row = plain(&bar("An application logs", What::Arrived, count, of, "median 12.7 s").row(width));
            prop_assert!(row.lines().all(|line| line.chars().count() <= width), "{}", row);
            prop_assert_eq!(row.contains('░'), count < of, "{}", row);
        }
    }
}
