//! What to run next.

use std::fmt;

use serde::Serialize;

use super::command::continued;
use super::style::{BOLD, DIM, TYPED};
use super::wrap::{columns, wrapped};
use super::{visible, width};

/// Maximum number of commands that are proposed: more would be a manual.
const MOST: usize = 3;
/// Columns before each command.
const INDENT: usize = 2;
/// Columns between the commands and what they are for.
const GAP: usize = 4;
/// Minimum columns for what a command is for; with fewer it stands below the command.
const NARROWEST: usize = 28;

/// The commands that make sense after a run, at most three, with the flags of that run.
///
/// Displayed, they have a heading and a line each, or two where the window is narrow. A long command continues behind a
/// `\`, so that a shell reads what was copied. Without commands nothing is displayed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Next(Vec<Row>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Row {
    command: String,
    why: String,
}

impl Next {
    /// No command yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// With one more command, a line for a POSIX shell, and what it is for, as in "see lines arrive". The fourth
    /// command and those behind it are left out.
    #[must_use]
    pub fn then(mut self, command: impl fmt::Display, why: impl Into<String>) -> Self {
        if self.0.len() < MOST {
            self.0.push(Row { command: command.to_string(), why: why.into() });
        }
        self
    }

    /// Whether there is nothing to run.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn lines(&self, width: usize) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let commands: Vec<String> = self.0.iter().map(|row| visible(&row.command)).collect();
        let widest = commands.iter().map(|command| columns(command)).max();
        let column = INDENT + widest.unwrap_or_default() + GAP;
        let mut lines = vec![format!("{BOLD}Next{BOLD:#}")];
        for (row, command) in self.0.iter().zip(&commands) {
            let why = visible(&row.why);
            if column + NARROWEST <= width {
                let indent = " ".repeat(column);
                let first = format!("{:INDENT$}{TYPED}{command}{TYPED:#}", "");
                let padding = column - INDENT - columns(command);
                for (at, part) in wrapped(&why, width - column).enumerate() {
                    let before = if at == 0 { format!("{first}{:padding$}", "") } else { indent.clone() };
                    lines.push(format!("{before}{DIM}{part}{DIM:#}"));
                }
            } else {
                let pieces = continued(command, width.saturating_sub(INDENT));
                lines.extend(pieces.iter().map(|piece| format!("{:INDENT$}{TYPED}{piece}{TYPED:#}", "")));
                let whys = wrapped(&why, width.saturating_sub(2 * INDENT));
                lines.extend(whys.map(|part| format!("{:1$}{DIM}{part}{DIM:#}", "", 2 * INDENT)));
            }
        }
        lines
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines(width()).join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::visible::shown;
    use super::*;

    fn text(next: &Next, width: usize) -> String {
        shown(&next.lines(width).join("\n"), false)
    }

    fn after_setup() -> Next {
        Next::new()
            .then("cwl2le status --watch --stack blue", "see lines arrive (first ones within a minute)")
            .then("cwl2le preview -g '/aws/lambda/a cart' --stack blue", "see what is sent")
            .then("cwl2le teardown --stack blue", "remove all of it")
            .then("cwl2le help", "not shown: three are enough")
    }

    #[test]
    fn commands_stand_in_a_column_and_what_they_are_for_beside_or_below_them() {
        insta::assert_snapshot!([100, 60, 40].map(|width| text(&after_setup(), width)).join("\n\n"));
        let colored = after_setup().lines(100).join("\n");
        assert!(colored.starts_with(&format!("{BOLD}Next{BOLD:#}\n  {TYPED}cwl2le status")), "{colored}");
        assert_eq!(Next::new().to_string(), "");
    }

    #[test]
    fn in_json_each_has_its_command_and_its_reason() {
        let json = serde_json::to_value(after_setup()).expect("JSON");
        assert_eq!(json.as_array().map(Vec::len), Some(MOST));
        assert_eq!(json[2]["command"], "cwl2le teardown --stack blue");
        assert_eq!(json[2]["why"], "remove all of it");
    }

    proptest! {
        #[test]
        fn every_command_can_be_copied_and_every_line_fits_if_its_words_do(
            words in prop::collection::vec("[a-z*/' -]{1,20}", 1..8),
            width in 60_usize..=100,
        ) {
            let command = words.iter().map(|word| shlex::try_quote(word).expect("no NUL").into_owned());
            let command = command.collect::<Vec<_>>().join(" ");
            let text = text(&Next::new().then(&command, "see what happens with it, and what does not"), width);
            prop_assert!(text.lines().all(|line| line.chars().count() <= width), "{}", text);
            // What stands below or beside it comes last, so that the words of the command come first. The crate reads
            // an empty word where a shell only reads on.
            let copied = text.lines().skip(1).collect::<Vec<_>>().join("\n").replace("\\\n", "\n");
            let read = shlex::split(&copied).unwrap_or_default();
            prop_assert_eq!(read.get(..words.len()), Some(&words[..]), "{}", text);
        }
    }
}
