//! Columns that line up.

use std::fmt;

use super::visible::shown;

/// A table with a header, for reports. Cells may be styled; their width counts without the styles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).into()] }
    }

    /// Adds a row. Cells that are missing at its end are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl fmt::Display>) {
        // Already as it will be shown: an escape takes more columns than what it stands for.
        let cell = |cell: String| shown(&cell, true).replace('\n', "\\n");
        self.rows.push(cells.into_iter().map(|one| cell(one.to_string())).collect());
    }

    /// Whether there is nothing below the headings.
    pub const fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }
}

impl fmt::Display for Table {
    /// One line a row without a newline at the end; two spaces between columns, none at the end of a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max())
            .map(Option::unwrap_or_default)
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            let last = row.iter().rposition(|cell| width(cell) > 0);
            for (cell, &widest) in row.iter().zip(&widths).take(last.map_or(0, |last| last + 1)) {
                line += cell;
                line.extend(std::iter::repeat_n(' ', widest - width(cell) + 2));
            }
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{}", line.trim_end_matches(' '))?;
        }
        Ok(())
    }
}

/// Columns of a cell. The names of AWS resources are ASCII, so characters are columns.
fn width(cell: &str) -> usize {
    shown(cell, false).chars().count()
}
