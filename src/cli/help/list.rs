//! The list of all verbs: short for `cwl2le` and `cwl2le -h`, long for `cwl2le --help`.

use std::fmt::Write;

use clap::{Arg, Command};

use super::rows::{Row, rows};
use super::topics::{Topic, environment, exit_codes, files};
use crate::commands::GROUPS;
use crate::documentation::page;
use crate::output::style::{BOLD, DIM, TYPED};

/// The examples of the short list: the way from nothing to lines that arrive.
const EXAMPLES: [&str; 2] = [
    "cwl2le setup --token-file token.txt --logentries-region eu",
    "cwl2le subscribe '/aws/lambda/*' --exclude '*-canary'",
];

/// What `cwl2le` alone prints.
pub(super) fn short(tool: &Command, width: usize) -> String {
    let mut out = purpose(width);
    let (also, groups) = GROUPS.split_last().unwrap_or_else(|| unreachable!("there are verbs"));
    for group in groups {
        let _ = write!(
            out,
            "\n{BOLD}{}{BOLD:#}\n{}",
            group.title,
            verbs(tool, group.verbs.iter().map(|(verb, _)| *verb), width)
        );
    }
    let names: Vec<String> = also.verbs.iter().map(|(verb, _)| verb.to_lowercase()).collect();
    let _ = writeln!(out, "  {DIM}also         {}{DIM:#}", names.join(", "));
    let _ = writeln!(out, "\n{BOLD}Examples{BOLD:#}");
    for example in EXAMPLES {
        let _ = writeln!(out, "  {DIM}${DIM:#} {example}");
    }
    let more = format!("One command: cwl2le COMMAND -h. All options: cwl2le --help. Docs: {}", page(""));
    let _ = write!(out, "\n{DIM}{}{DIM:#}", textwrap::fill(&more, width));
    out
}

/// What `cwl2le --help` prints.
pub(super) fn long(tool: &Command, width: usize) -> String {
    let mut out = purpose(width);
    let _ = writeln!(out, "\n{BOLD}Usage:{BOLD:#} {TYPED}cwl2le{TYPED:#} COMMAND [OPTIONS]");
    for group in GROUPS {
        let _ = write!(
            out,
            "\n{BOLD}{}{BOLD:#}\n{}",
            group.title,
            verbs(tool, group.verbs.iter().map(|(verb, _)| *verb), width)
        );
    }
    let globals: Vec<Row> = tool.get_arguments().filter(|arg| arg.is_global_set()).map(flag).collect();
    for Topic { title, rows: entries } in
        [Topic { title: "Options of every command", rows: globals }, environment(), files(), exit_codes()]
    {
        let _ = write!(out, "\n{BOLD}{title}{BOLD:#}\n{}", rows(&entries, width));
    }
    let _ = write!(
        out,
        "\n{DIM}Examples and options of one command: cwl2le COMMAND --help. Docs: {}{DIM:#}",
        page("")
    );
    out
}

fn purpose(width: usize) -> String {
    let about = concat!(
        "cwl2le ",
        env!("CARGO_PKG_VERSION"),
        " ships CloudWatch Logs to your log service by Kinesis and Lambda."
    );
    let name = format!("{BOLD}cwl2le{BOLD:#}");
    textwrap::fill(about, width).replacen("cwl2le", &name, 1) + "\n"
}

/// Verbs with what they do.
fn verbs<'a>(tool: &Command, names: impl Iterator<Item = &'a str>, width: usize) -> String {
    let row = |name: &str| {
        let name = name.to_lowercase();
        let about = tool.find_subcommand(&name).and_then(Command::get_about);
        (format!("{name:11}"), about.map(ToString::to_string).unwrap_or_default())
    };
    rows(&names.map(row).collect::<Vec<_>>(), width)
}

/// A flag with what it does, its values, its default and its variable.
fn flag(arg: &Arg) -> Row {
    let short = arg.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let takes_value = arg.get_action().takes_values();
    let values = arg.get_possible_values();
    if takes_value && !values.is_empty() {
        let names: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        let _ = write!(text, ": {}", names.join(", "));
    }
    if let Some(default) = arg.get_default_values().first().filter(|_| takes_value) {
        let _ = write!(text, " [default: {}]", default.to_string_lossy());
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(text, " [env: {}]", variable.to_string_lossy());
    }
    let value = arg.get_value_names().filter(|_| takes_value).map(|names| format!(" <{}>", names[0]));
    (format!("{short}--{}{}", arg.get_long().unwrap_or_default(), value.unwrap_or_default()), text)
}
