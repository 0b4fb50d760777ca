//! What is deleted to make room for another one, and comes back when that one fails.

use crate::error::{Error, Result};

/// The error, with what became of what had given way.
pub(crate) fn with_fate(error: Error, name: &str, restore: &str, back: Result<()>) -> Error {
    let fate = match back {
        Ok(()) => format!("`{name}`, which was deleted to make room, was restored"),
        Err(second) => {
            format!(
                "`{name}` was deleted to make room and could not be restored ({second}); restore it with: {restore}"
            )
        }
    };
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    error.hint(format!("{fate}{hint}"))
}

/// A word as a POSIX shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
