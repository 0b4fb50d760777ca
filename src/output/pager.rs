//! A text that is longer than the window, through the pager that the user likes.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use super::live::Live;
use super::width::{height, width};
use super::wrap::columns;

/// The variables that name the pager, the first that is set wins. An empty one, or `cat`, means none.
const VARIABLES: [&str; 2] = ["CWL2LE_PAGER", "PAGER"];
/// What `less` does unless `LESS` says otherwise: ends where all fits, shows colours, leaves the text on the screen.
const LESS: (&str, &str) = ("LESS", "FRX");
#[cfg(unix)]
const DEFAULT: &str = "less";
#[cfg(not(unix))]
const DEFAULT: &str = "more";

impl Live<'_> {
    /// Shows a text through the pager and returns when the user leaves it. Returns whether it was shown: not where no
    /// terminal shows standard output, where the text fits the window, or where there is no pager.
    pub fn page(&self, text: &str) -> bool {
        let text = self.as_shown(text);
        let Some(pager) = pager(|name| std::env::var(name).ok()).filter(|_| self.can_redraw()) else {
            return false;
        };
        height().is_some_and(|lines| is_long(&text, lines)) && show(&pager, &text).is_ok()
    }
}

/// Whether a text takes more lines than there are.
fn is_long(text: &str, lines: usize) -> bool {
    let taken = |line: &str| columns(line).div_ceil(width()).max(1);
    text.lines().map(taken).sum::<usize>() >= lines
}

/// The words of the pager's command line.
fn pager(variable: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let named = VARIABLES.into_iter().find_map(variable);
    let words = shlex::split(&named.unwrap_or_else(|| DEFAULT.to_owned()))?;
    (!matches!(words.first().map(String::as_str), None | Some("cat"))).then_some(words)
}

fn show(pager: &[String], text: &str) -> io::Result<()> {
    let (program, args) = pager.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped());
    if std::env::var_os(LESS.0).is_none() {
        command.env(LESS.0, LESS.1);
    }
    let mut pager = command.spawn()?;
    if let Some(mut input) = pager.stdin.take() {
        // A user who leaves before the end closes the pipe.
        let _ = input.write_all(text.as_bytes()).and_then(|()| input.write_all(b"\n"));
    }
    match pager.wait()? {
        ended if ended.success() => Ok(()),
        ended => Err(io::Error::other(ended.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_pager_wins_and_none_is_one_of_them() {
        let with = |set: &[(&str, &str)]| {
            pager(|name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[]), Some(vec![DEFAULT.to_owned()]));
        assert_eq!(
            with(&[("PAGER", "less -S '+/a b'")]),
            Some(["less", "-S", "+/a b"].map(str::to_owned).into())
        );
        assert_eq!(with(&[("PAGER", "less"), ("CWL2LE_PAGER", "most")]), Some(vec!["most".to_owned()]));
        for none in ["", " ", "cat"] {
            assert_eq!(with(&[("PAGER", "less"), ("CWL2LE_PAGER", none)]), None);
        }
    }

    #[test]
    fn a_text_is_long_where_it_scrolls() {
        let line = "x".repeat(width());
        assert!(is_long("a\nb\nc", 3) && !is_long("a\nb", 3) && is_long(&format!("{line}y\nb"), 3));
    }

    #[test]
    #[cfg(unix)]
    fn a_pager_gets_the_text_and_one_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("seen");
        let tee = ["sh".to_owned(), "-c".to_owned(), format!("cat > '{}'", file.display())];
        show(&tee, "one\ntwo").expect("shown");
        assert_eq!(std::fs::read_to_string(file).expect("a file"), "one\ntwo\n");
        let leaves = ["true".to_owned()];
        show(&leaves, &"long\n".repeat(100_000)).expect("leaving early is no error");
        show(&["/nowhere/pager".to_owned()], "x").expect_err("an error");
        show(&["false".to_owned()], "x").expect_err("it has shown nothing");
    }
}
