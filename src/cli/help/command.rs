//! The command line with its help.

use std::fmt::Write;

use clap::builder::Styles;
use clap::{Command, CommandFactory};

use super::super::Cli;
use super::list;
use crate::commands::{GROUPS, Manual};
use crate::documentation::page;
use crate::output::style::{BOLD, DIM, ERROR, GOOD, TYPED, WARN};
use crate::output::{continued, indented, width};

const STYLES: Styles =
    Styles::plain().header(BOLD).usage(BOLD).literal(TYPED).error(ERROR).valid(GOOD).invalid(WARN);

/// The command line that [`Cli`] describes, with the help of the tool and of its verbs. As wide as the terminal.
pub(in super::super) fn command() -> Command {
    dressed(width())
}

/// The same for so many columns.
pub(super) fn dressed(width: usize) -> Command {
    let tool = Cli::command();
    let (short, long) = (list::short(&tool, width), list::long(&tool, width));
    let mut tool = tool
        .styles(STYLES)
        .term_width(width)
        .help_template("{before-help}")
        .before_help(short)
        .before_long_help(long)
        // The help of the tool explains them. Verbs only name them.
        .mut_args(|flag| flag.hide(true));
    let without_values = |verb: Command| verb.mut_args(|flag| flag.hide_env_values(true));
    for (verb, manual) in GROUPS.iter().flat_map(|group| group.verbs) {
        let name = verb.to_lowercase();
        let (short, long) = (below_short(&name, manual, width), below_long(manual, width));
        tool = tool.mut_subcommand(name, |verb| without_values(verb).after_help(short).after_long_help(long));
    }
    tool
}

/// What stands below the flags of `-h`.
fn below_short(name: &str, manual: &Manual, width: usize) -> String {
    let mut out = format!("{BOLD}Examples:{BOLD:#}\n");
    for (_, command) in manual.examples.iter().take(2) {
        let lines = example(command, width.saturating_sub(4)).join("\n    ");
        let _ = writeln!(out, "  {DIM}${DIM:#} {lines}");
    }
    let more =
        format!("{DIM}All options: cwl2le {name} --help. Options of every command: cwl2le --help{DIM:#}");
    let _ = write!(out, "\n{}", indented("", &more, 0, width.saturating_sub(1)));
    out
}

/// A command in as many lines as it takes. What has more than words in it stays one line.
fn example(command: &str, width: usize) -> Vec<String> {
    if command.contains(['|', '<', '>', '$', ';', '&']) {
        return vec![command.to_owned()];
    }
    continued(command, width)
}

/// What stands below the flags of `--help`.
fn below_long(manual: &Manual, width: usize) -> String {
    let mut out = format!("{BOLD}Examples:{BOLD:#}\n");
    for (what, command) in manual.examples {
        let lines = example(command, width.saturating_sub(2)).join("\n  ");
        let _ = writeln!(out, "  {DIM}# {what}{DIM:#}\n  {lines}\n");
    }
    let more = "--region, --profile, --config, --output and other options of every command, environment variables, files \
                and exit codes: cwl2le --help";
    out += &textwrap::fill(more, width);
    if let Some(name) = manual.page {
        let _ = write!(out, "\nDocumentation: {}", page(name));
    }
    out
}
