//! How many columns there are.

use std::io;

use terminal_size::{Height, Width, terminal_size, terminal_size_of};

/// Columns of a text where no terminal tells, and the most that are used of one.
const WIDTH: usize = 100;
/// Fewer are of no use: lines then wrap as the terminal likes.
const NARROWEST: usize = 40;

/// Columns of the terminal behind standard output, else of the one behind standard error, at most 100; 100 where
/// neither is one.
pub fn width() -> usize {
    if cfg!(test) {
        return WIDTH; // a snapshot is the same in every terminal
    }
    let terminal = terminal_size_of(io::stdout()).or_else(|| terminal_size_of(io::stderr()));
    terminal.map_or(WIDTH, |(Width(columns), _)| usize::from(columns).clamp(NARROWEST, WIDTH))
}

/// Lines of the terminal behind standard output; none where it is none.
pub fn height() -> Option<usize> {
    terminal_size().map(|(_, Height(lines))| usize::from(lines))
}
