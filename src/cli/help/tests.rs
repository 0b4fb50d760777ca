//! The help fits, and its examples are commands.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{CommandFactory, Parser};

use super::command::dressed;
use super::pages::pages;
use super::topics::environment;
use crate::cli::Cli;
use crate::commands::GROUPS;

/// Every verb with the text of `-h` or `--help`; the first is that of the tool.
fn helps(width: usize, is_long: bool) -> Vec<(String, String)> {
    let mut tool = dressed(width);
    let mut text = |command: &mut clap::Command| {
        let help = if is_long { command.render_long_help() } else { command.render_help() };
        (command.get_name().to_owned(), help.to_string())
    };
    let all = text(&mut tool);
    tool.build();
    let verbs = tool.get_subcommands_mut().filter(|verb| verb.get_name() != "help");
    std::iter::once(all).chain(verbs.map(&mut text)).collect()
}

/// Maximum number of lines of `-h` of a verb, 100 columns wide.
const LINES: usize = 30;
/// The same of the list of all verbs.
const LIST: usize = 34;

#[test]
fn short_help_fits_on_a_screen() {
    let lines = |text: &str| text.trim_end().lines().count();
    let helps = helps(100, false).into_iter().enumerate();
    let long = helps.filter(|(at, (_, text))| lines(text) > if *at == 0 { LIST } else { LINES });
    let long: Vec<String> = long.map(|(_, (_, text))| text).collect();
    assert!(
        long.is_empty(),
        "over {LINES} lines, so hide flags with hide_short_help:\n{}",
        long.join("\n\n")
    );
}

#[test]
fn help_fits_into_its_columns_at_any_width() {
    for width in [60, 80, 100] {
        for (verb, text) in helps(width, false).into_iter().chain(helps(width, true)) {
            // A pipeline stays one line.
            let example = |line: &str| line.contains(['|', '>']) && line.contains("cwl2le ");
            let usage = |line: &str| line.starts_with("Usage:");
            for line in text.lines().filter(|line| !example(line) && !usage(line)) {
                assert!(line.chars().count() <= width, "{verb} at {width}: {line}");
            }
        }
    }
}

#[test]
fn every_verb_stands_in_one_group() {
    let listed: Vec<String> =
        GROUPS.iter().flat_map(|group| group.verbs).map(|(verb, _)| verb.to_lowercase()).collect();
    let tool = Cli::command();
    let verbs: Vec<&str> = tool.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(listed, verbs);
    for (verb, text) in helps(100, true) {
        assert!(verb == "cwl2le" || text.contains("\nExamples:\n"), "{verb}: {text}");
    }
}

/// The commands of `cwl2le` in a line of a shell.
fn commands(line: &str) -> Vec<Vec<String>> {
    let pipeline = line.split(" | ").map(|part| part.split(" > ").next().unwrap_or_default());
    let pipeline = pipeline.map(|part| part.split(" >> ").next().unwrap_or_default());
    let words = pipeline.map(|part| shlex::split(part).expect("words of a shell"));
    words.filter(|words| words.first().is_some_and(|first| first == "cwl2le")).collect()
}

#[test]
fn every_example_is_a_command_of_its_verb() {
    for (verb, manual) in GROUPS.iter().flat_map(|group| group.verbs) {
        assert!((2..=4).contains(&manual.examples.len()), "{verb}");
        for (what, line) in manual.examples {
            let commands = commands(line);
            assert_eq!(commands.len(), 1, "{line}");
            let matches = dressed(100)
                .try_get_matches_from(&commands[0])
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(matches.subcommand_name(), Some(verb.to_lowercase().as_str()), "{line}");
            Cli::try_parse_from(&commands[0]).expect("parsed before");
            assert!(what.len() <= 76 && line.len() <= 76, "{line}");
        }
    }
}

#[test]
fn the_short_list_shows_commands_that_are_commands() {
    let (_, text) = helps(100, false).swap_remove(0);
    let examples: Vec<&str> = text.lines().filter_map(|line| line.trim_start().strip_prefix("$ ")).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        Cli::try_parse_from(&commands(example)[0]).expect(example);
    }
}

#[test]
fn the_list_of_all_verbs() {
    let (_, text) = helps(100, false).swap_remove(0);
    insta::assert_snapshot!(text);
}

#[test]
fn other_tools_verbs_are_understood() {
    for (alias, verb) in [("apply", "setup"), ("deploy", "setup"), ("destroy", "teardown"), ("diff", "plan")]
    {
        let matches = dressed(100).try_get_matches_from(["cwl2le", alias]).expect(alias);
        assert_eq!(matches.subcommand_name(), Some(verb));
        assert!(
            helps(100, true).iter().all(|(_, text)| !text.contains(&format!(" {alias} "))),
            "{alias} is hidden"
        );
    }
}

#[test]
fn nothing_behind_the_name_of_the_program_means_help() {
    let error = crate::cli::read(["cwl2le".into()]).expect_err("help");
    assert_eq!(error.exit_code(), 0);
    assert_eq!(error.render().to_string(), helps(crate::output::width(), false).swap_remove(0).1);
}

fn entry_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What the sources below a folder name as `"CWL2LE_..."`.
fn variables(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = entry_name(&path);
        if name == "tests" || name.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            found.append(&mut variables(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let names = code.split('"').filter(|text| text.starts_with("CWL2LE_"));
            found.extend(
                names
                    .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b"_2".contains(&b)))
                    .map(ToOwned::to_owned),
            );
        }
    }
    found
}

#[test]
fn every_variable_of_ours_that_is_read_is_explained() {
    // Of the build, of the tests, and what a file is told to read the token from.
    let others = [
        "CWL2LE_SOURCE",
        "CWL2LE_TARGET",
        "CWL2LE_PROFILE",
        "CWL2LE_COMMIT",
        "CWL2LE_DOCS",
        "CWL2LE_WRITE_DOCS",
        "CWL2LE_REQUESTS",
    ];
    let explained: BTreeSet<String> = environment().rows.into_iter().map(|(name, _)| name).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["src", "local/src"].iter().flat_map(|folder| variables(&root.join(folder))) {
        // A prefix, such as that of all variables of ours.
        let is_prefix = name.ends_with('_');
        assert!(is_prefix || explained.contains(&name) || others.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_verb_has_a_page_with_what_a_reader_of_manuals_expects() {
    let pages = pages();
    assert_eq!(pages.len(), GROUPS.iter().map(|group| group.verbs.len()).sum::<usize>() + 1);
    for (name, text) in pages {
        let text = String::from_utf8(text).expect("text");
        for heading in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS", "SEE ALSO"]
        {
            assert!(
                text.lines().any(|line| line.trim_end() == format!(".SH {heading}")
                    || line.trim_end() == format!(".SH \"{heading}\"")),
                "{name}: {heading}"
            );
        }
        let is_tool = name == "cwl2le.1";
        assert_eq!(text.contains(".SH EXAMPLES"), !is_tool, "{name}");
        assert_eq!(
            text.contains("endpoint\\-url\\fR"),
            is_tool,
            "{name}: options of every command are in one page"
        );
    }
}

#[test]
fn every_page_that_a_verb_names_exists() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for page in GROUPS.iter().flat_map(|group| group.verbs).filter_map(|(_, manual)| manual.page) {
        assert!(docs.join(page).is_file(), "{page}");
    }
}
