//! The function's log: what the process writes to standard output, which Lambda passes on to CloudWatch Logs.

use std::io::Write as _;
use std::time::SystemTime;

use super::journal::Journal;
use crate::note::Note;

/// Writes a note, unless its level is too low.
pub(super) fn say(journal: Journal, note: &Note) {
    if let Some(line) = journal.line(note, &rfc3339_now()) {
        print(&line);
    }
}

/// Writes a note at every level.
pub(super) fn say_always(journal: Journal, note: &Note) {
    print(&journal.always(note, &rfc3339_now()));
}

/// Writes a line to the function's log. When that fails there is nobody left to tell.
pub(super) fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
}

pub(super) fn rfc3339_now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
