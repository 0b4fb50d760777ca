//! How many columns there are.

#[cfg(not(test))]
use terminal_size::terminal_size_of;
use terminal_size::{Height, terminal_size};

/// Columns of a text where no terminal tells, and the most that are used of one.
const WIDTH: usize = 100;
/// Fewer are of no use: lines then wrap as the terminal likes.
const NARROWEST: usize = 40;

/// Columns of the terminal behind standard output, else of the one behind standard error, at most 100; 100 where
/// neither is one.
pub fn width() -> usize {
    // A snapshot is the same in every terminal.
    #[cfg(test)]
    let columns = test::COLUMNS.get();
    #[cfg(not(test))]
    let columns = terminal_size_of(std::io::stdout())
        .or_else(|| terminal_size_of(std::io::stderr()))
        .map_or(WIDTH, |(terminal_size::Width(columns), _)| usize::from(columns));
    columns.clamp(NARROWEST, WIDTH)
}

/// Lines of the terminal behind standard output; none where it is none.
pub fn height() -> Option<usize> {
    terminal_size().map(|(_, Height(lines))| usize::from(lines))
}

#[cfg(test)]
pub(crate) mod test {
    use std::cell::Cell;

    thread_local! {
        pub(super) static COLUMNS: Cell<usize> = const { Cell::new(super::WIDTH) };
    }

    /// Does something in a window of so many columns.
    pub(crate) fn at<T>(columns: usize, act: impl FnOnce() -> T) -> T {
        let before = COLUMNS.replace(columns);
        let done = act();
        COLUMNS.set(before);
        done
    }
}
