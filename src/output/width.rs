//! How many columns there are.

/// Columns of a text where no terminal tells, and the most that are used of one.
const WIDTH: usize = 100;
/// Fewer are of no use: lines then wrap as the terminal likes.
const NARROWEST: usize = 40;

/// Columns of the terminal behind standard output, at most 100; 100 where it is none.
pub fn width() -> usize {
    terminal_size::terminal_size()
        .map_or(WIDTH, |(terminal_size::Width(columns), _)| usize::from(columns).clamp(NARROWEST, WIDTH))
}

/// Lines of the terminal behind standard output; none where it is none.
pub fn height() -> Option<usize> {
    terminal_size::terminal_size().map(|(_, terminal_size::Height(lines))| usize::from(lines))
}
