//! Columns that line up and fit.

use std::fmt;

use super::visible::shown;
use super::width::width;
use super::wrap::{columns, shortened, wrapped};

/// Spaces between two columns.
const GAP: usize = 2;
/// A name is never shortened to fewer columns.
const SHORTEST: usize = 16;
/// The last column is never narrower, whatever it costs.
const NARROWEST: usize = 10;

/// A table for reports that fits [`width`]: where its columns need more, names are shortened in the middle and the text
/// of the last column is wrapped. Cells may be styled; a style takes no room.
///
/// A row with fewer cells than there are columns lets its last cell take the rest of the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<String>>,
    headings: bool,
    indent: usize,
    names: Vec<usize>,
    numbers: Vec<usize>,
    width: Option<usize>,
}

impl Table {
    /// A table with these column headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).into()], headings: true, ..Self::default() }
    }

    /// A table without headings.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Begins each line with so many spaces.
    #[must_use]
    pub fn indent(self, indent: usize) -> Self {
        Self { indent, ..self }
    }

    /// Which columns, counted from 0, hold names, which may be shortened.
    #[must_use]
    pub fn names<const N: usize>(self, names: [usize; N]) -> Self {
        Self { names: names.into(), ..self }
    }

    /// Which columns, counted from 0, hold numbers, which end at the same place.
    #[must_use]
    pub fn numbers<const N: usize>(self, numbers: [usize; N]) -> Self {
        Self { numbers: numbers.into(), ..self }
    }

    /// Fits so many columns in place of [`width`].
    #[must_use]
    pub fn within(self, width: usize) -> Self {
        Self { width: Some(width), ..self }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl fmt::Display>) {
        // Already as it will be shown: an escape takes more columns than what it stands for.
        let cell = |cell: String| shown(&cell, true).replace('\n', "\\n");
        self.rows.push(cells.into_iter().map(|one| cell(one.to_string())).collect());
    }

    /// Whether there is nothing below the headings.
    pub const fn is_empty(&self) -> bool {
        self.rows.len() <= self.headings as usize
    }

    /// Columns of a line.
    fn room(&self) -> usize {
        self.width.unwrap_or_else(width)
    }

    /// A cell that is as wide as its column.
    fn cell(&self, column: usize, cell: &str, width: usize) -> String {
        let cell = if self.names.contains(&column) { shortened(cell, width) } else { cell.to_owned() };
        let padding = " ".repeat(width.saturating_sub(columns(&cell)));
        if self.numbers.contains(&column) { padding + &cell } else { cell + &padding }
    }

    /// The widths of the columns: what their cells need, or less where that is too much for a line.
    fn widths(&self) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        // The last cell of a short row takes what there is, so it asks for nothing.
        let asks = |row: &&Vec<String>, column: usize| column + 1 < row.len() || row.len() == count;
        let mut widths: Vec<usize> = (0..count)
            .map(|column| {
                let rows = self.rows.iter().filter(|row| asks(row, column));
                rows.filter_map(|row| row.get(column)).map(|cell| columns(cell)).max().unwrap_or(0)
            })
            .collect();
        let Some(last) = count.checked_sub(1) else { return widths };
        let room = self.room().saturating_sub(self.indent + GAP * last);
        let least = widths[last].min(room * 2 / 5);
        while widths[..last].iter().sum::<usize>() + least > room {
            let names = self.names.iter().copied().filter(|&name| name < last && widths[name] > SHORTEST);
            let Some(widest) = names.max_by_key(|&name| widths[name]) else { break };
            widths[widest] -= 1;
        }
        widths
    }
}

impl fmt::Display for Table {
    /// No newline at the end, and no space at the end of a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = " ".repeat(self.indent);
            // Nothing is to the right of the last cell with a text, so it has the rest of the line.
            let last = row.iter().rposition(|cell| columns(cell) > 0).unwrap_or(0);
            for (column, cell) in row.iter().enumerate().take(last) {
                line += &self.cell(column, cell, widths[column]);
                line += &" ".repeat(GAP);
            }
            let (at, cell) = (columns(&line), row.get(last).map_or("", String::as_str));
            let room = self.room().saturating_sub(at).max(NARROWEST);
            for (part_at, part) in wrapped(cell, room).enumerate() {
                let part = match (self.names.contains(&last), self.numbers.contains(&last)) {
                    (true, _) => shortened(&part, room),
                    (false, true) => self.cell(last, &part, widths[last]),
                    (false, false) => part,
                };
                let newline = if index + part_at == 0 { "" } else { "\n" };
                let start = if part_at == 0 { line.clone() } else { " ".repeat(at) };
                write!(f, "{newline}{}", (start + &part).trim_end_matches(' '))?;
            }
        }
        Ok(())
    }
}
