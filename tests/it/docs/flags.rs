//! The page of commands and flags is what clap knows.

use std::collections::BTreeMap;

use clap::{Arg, Command, CommandFactory};
use cwl2le::cli::Cli;

use super::reference::is_in_docs;

/// The row of each flag that a table has already shown, with the command it belongs to.
type Shown = BTreeMap<String, String>;

const HEAD: &str = "| flag | what it does |\n| --- | --- |\n";

#[test]
fn every_flag_is_documented() {
    let mut cli = Cli::command();
    cli.build();
    let mut page = "# Commands and flags\n\nEvery command with its flags, as `cwl2le COMMAND --help` shows them. A flag \
                    wins over its environment variable,\nand that over `cwl2le.toml`. [Settings](settings.md) has the \
                    same settings as keys of the file.\n\n## Flags of every command\n\n"
        .to_owned();
    page += HEAD;
    page.extend(cli.get_arguments().filter(|arg| is_shown(arg)).map(row));
    let mut shown = Shown::new();
    for verb in cli.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        page += &section(verb, &mut shown);
    }
    page += "\n## Environment variables\n\nThe AWS SDK reads more of them: see [credentials](aws-access.md).\n\n\
             | variable | what it does |\n| --- | --- |\n";
    page.extend(topic("Environment").iter().map(|(name, text)| format!("| `{name}` | {text} |\n")));
    is_in_docs("flags.md", &page);
}

/// The rows below a heading of `cwl2le --help`.
fn topic(title: &str) -> Vec<(String, String)> {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_cwl2le"))
        .arg("--help")
        .env("COLUMNS", "100")
        .output()
        .expect("cwl2le runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in help.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty()) {
        match line.strip_prefix("  ").filter(|row| !row.starts_with(' ')) {
            Some(row) => {
                let (name, text) = row.split_once("  ").unwrap_or((row, ""));
                rows.push((name.to_owned(), text.trim().to_owned()));
            }
            // A text goes on below its row.
            None => {
                let (_, text) = rows.last_mut().expect("a row");
                *text = format!("{text} {}", line.trim()).trim().to_owned();
            }
        }
    }
    assert!(rows.len() > 5, "{help}");
    rows
}

fn is_shown(arg: &Arg) -> bool {
    !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
}

/// A command with its flags. Those that an earlier command has in the same words are only named.
fn section(verb: &Command, shown: &mut Shown) -> String {
    let name = verb.get_name();
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let mut rows = String::new();
    let mut same: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arg in verb.get_arguments().filter(|arg| !arg.is_global_set() && is_shown(arg)) {
        let row = row(arg);
        let first = shown.entry(row.clone()).or_insert_with(|| name.to_owned());
        if first == name {
            rows += &row;
        } else {
            same.entry(first.clone()).or_default().push(format!("`{}`", spelled(arg)));
        }
    }
    let mut section = format!("\n## {name}\n\n{}.\n", about.trim_end_matches('.'));
    if !rows.is_empty() {
        section += &format!("\n{HEAD}{rows}");
    }
    for (first, flags) in same {
        section += &format!("\nAs for [{first}](#{first}): {}.\n", flags.join(", "));
    }
    section
}

/// A flag or an argument as one types it.
fn spelled(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let value = names.iter().map(|name| format!("<{name}>")).collect::<Vec<_>>().join(" ");
    let is_needed = arg.get_action().takes_values() && arg.get_num_args().is_none_or(|n| n.min_values() > 0);
    let short = arg.get_short().map(|short| format!("-{short}"));
    let flags: Vec<String> =
        short.into_iter().chain(arg.get_long().map(|long| format!("--{long}"))).collect();
    match (flags.is_empty(), is_needed) {
        (true, _) => value,
        (false, true) => format!("{} {value}", flags.join(", ")),
        (false, false) => flags.join(", "),
    }
}

fn row(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ");
    if arg.get_action().takes_values() {
        let list =
            |values: Vec<String>| values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
        let choices = arg.get_possible_values();
        let choices = choices.iter().filter(|choice| !choice.is_hide_set());
        let choices: Vec<String> = choices.map(|choice| choice.get_name().to_owned()).collect();
        let defaults = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned());
        let defaults = defaults.filter(|value| !value.is_empty());
        let env = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        let notes =
            [("values", choices), ("default", defaults.collect()), ("env", env.into_iter().collect())];
        for (what, values) in notes.into_iter().filter(|(_, values)| !values.is_empty()) {
            text += &format!(" \\[{what}: {}\\]", list(values));
        }
    }
    format!("| `{}` | {} |\n", spelled(arg), text.replace('|', "\\|"))
}
