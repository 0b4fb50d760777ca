//! Commands that fit and can still be copied.

use super::wrap::columns;

/// What makes a POSIX shell read on in the next line.
const MORE: &str = " \\";

/// A command line in lines of at most `width` columns, as far as its words allow. All but the last end with a `\`, so
/// that a shell reads what was copied as one command.
pub(crate) fn continued(command: &str, width: usize) -> Vec<String> {
    if columns(command) <= width {
        return vec![command.to_owned()];
    }
    let Some(words) = shlex::split(command) else { return vec![command.to_owned()] };
    let mut lines = vec![String::new()];
    for word in words {
        let Ok(word) = shlex::try_quote(&word) else { return vec![command.to_owned()] };
        let at = lines.len() - 1;
        let line = &mut lines[at];
        if line.is_empty() {
            line.push_str(&word);
        } else if columns(line) + 1 + columns(&word) + MORE.len() <= width {
            *line += " ";
            *line += &word;
        } else {
            *line += MORE;
            lines.push(format!("    {word}"));
        }
    }
    lines
}
