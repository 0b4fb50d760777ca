//! The flags that select log groups.

use clap::Args;

use super::values::{Hyphened, checked, pair};
use crate::error::{Error, Result};
use crate::stack::limits::{self, Checked};

/// No name of a log group has these characters.
const OF_GLOBS: [char; 5] = ['*', '?', '[', '{', '\\'];

/// The flags that select log groups.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log groups")]
pub(crate) struct Groups {
    /// Log groups by name, ARN or glob pattern (quote it)
    ///
    /// In a pattern, `*` is any text, slashes included, `?` one character, `{a,b}` one of several patterns, and `[a-z]`
    /// one of several characters. Quote it, so that the shell leaves it alone.
    #[arg(help_heading = "Arguments", value_name = "LOG_GROUP", value_parser = checked(name_or_glob))]
    pub given: Vec<String>,
    /// Log group by name, also one that begins with a hyphen; repeatable
    #[arg(long = "log-group", hide_short_help = true, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    /// Log groups whose names match a glob pattern; repeatable
    #[arg(long = "match", hide_short_help = true, value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub matches: Vec<String>,
    /// Leave out log groups whose names match; repeatable
    #[arg(long = "exclude", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub excludes: Vec<String>,
    /// Only log groups with this tag; repeatable, and then a log group needs all of them
    #[arg(id = "group_tags", long = "tag", value_name = "KEY=VALUE", allow_hyphen_values = true, value_parser = Hyphened(pair))]
    pub tags: Vec<(String, String)>,
    /// All log groups, and the account policy that subscribes future ones
    #[arg(long)]
    pub all: bool,
}

impl Groups {
    /// The log groups that are given by name or ARN, as arguments or with --log-group.
    pub(crate) fn names(&self) -> Vec<String> {
        self.log_groups.iter().chain(self.given.iter().filter(|text| !is_glob(text))).cloned().collect()
    }

    /// The glob patterns, given as arguments or with --match.
    pub(crate) fn globs(&self) -> Vec<String> {
        self.matches.iter().chain(self.given.iter().filter(|text| is_glob(text))).cloned().collect()
    }

    /// Checks that something is selected. `verb` is the one to show in the hint.
    ///
    /// # Errors
    /// When there is nothing, or only --exclude.
    pub(crate) fn check(&self, verb: &str) -> Result<()> {
        let is_given =
            [&self.given, &self.log_groups, &self.matches].into_iter().any(|list| !list.is_empty());
        if is_given || self.all || !self.tags.is_empty() {
            return Ok(());
        }
        let problem = if self.excludes.is_empty() {
            "no log group is given"
        } else {
            "--exclude selects no log group by itself"
        };
        Err(Error::usage(
            problem,
            format!("give names or globs, as in `cwl2le {verb} '/aws/lambda/*'`, or --tag, or --all"),
        ))
    }
}

/// Whether a log group is given as a glob pattern. A name may end with `:*`, as AWS writes it.
fn is_glob(text: &str) -> bool {
    text.strip_suffix(":*").unwrap_or(text).contains(OF_GLOBS)
}

fn name_or_glob(text: &str) -> Checked {
    if is_glob(text) { limits::log_group_glob(text) } else { limits::log_group(text) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        groups: Groups,
    }

    fn groups(args: &[&str]) -> Groups {
        Line::try_parse_from([&["subscribe"], args].concat()).expect("log groups").groups
    }

    #[test]
    fn an_argument_is_a_name_or_a_glob() {
        let arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x:*";
        let given = groups(&["/app/a", "/aws/lambda/*", "-g", "/app/b", arn, "--match", "/ecs/?", "{/x,/y}"]);
        assert_eq!(given.names(), ["/app/b", "/app/a", arn]);
        assert_eq!(given.globs(), ["/ecs/?", "/aws/lambda/*", "{/x,/y}"]);
    }

    #[test]
    fn something_has_to_be_selected() {
        let refused = |args: &[&str]| groups(args).check("subscribe").map_err(|error| error.message);
        for args in [&["/app"][..], &["*"], &["-g", "/app"], &["--match", "*"], &["--tag", "a=b"], &["--all"]]
        {
            assert_eq!(refused(args), Ok(()), "{args:?}");
        }
        assert!(refused(&[]).is_err_and(|said| said.contains("no log group is given")));
        assert!(refused(&["--exclude", "/a*"]).is_err_and(|said| said.contains("--exclude")));
    }

    #[test]
    fn what_cannot_be_a_log_group_is_refused() {
        for wrong in ["/a b", "", "[", "C:/Program Files/Git/aws/x", "arn:aws:s3:::bucket"] {
            assert!(Line::try_parse_from(["subscribe", wrong]).is_err(), "{wrong}");
        }
    }
}
