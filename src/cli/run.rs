//! Runs the verb of a command line: decides in which environments of the configuration file.

use clap::CommandFactory;

use super::run_in::{Base, run_in};
use super::selection::{Selection, selection};
use super::{Cli, several};
use crate::aws::{Paces, Stop};
use crate::commands::{Outcome, Reads};
use crate::error::{Error, Result, listed};
use crate::flags::CommandLine;
use crate::output::{Live, Progress, visible};
use crate::settings::File;
use crate::workflow::{Lines, Stopwatch};

/// Why a token should not stand on the command line.
const TOKEN_IS_SHOWN: &str = "note: every user of this machine can read --token while the command runs (`ps`), and it stays in \
    the shell's history; give --token-file FILE (`-` for standard input), CWL2LE_TOKEN, --token-ssm or --token-secret instead";

/// Runs the verb of a command line: once, or in several environments of the file side by side.
///
/// # Errors
/// The one error that the verb ends with.
pub async fn run(
    cli: &Cli,
    progress: &Progress,
    stop: &Stop,
    lines: &Lines<'_>,
    live: Live<'_>,
) -> Result<Outcome> {
    let stopwatch = &Stopwatch::start();
    if let Some(folder) = &cli.global.directory {
        std::env::set_current_dir(folder).map_err(|error| {
            Error::usage(
                format!("the folder of -C cannot be entered: {error}"),
                "give a folder that exists with -C",
            )
            .on(folder.display().to_string())
        })?;
    }
    let facts = cli.command.facts();
    if facts.shows_token {
        progress.line(TOKEN_IS_SHOWN);
    }
    let command_line = &Cli::command().get_subcommands().fold(CommandLine::of_process(), |line, verb| {
        verb.get_all_aliases().fold(line, |line, alias| line.with_verb(alias, verb.get_name()))
    });
    let base = Base { cli, progress, stop, stopwatch, lines, live, command_line, paces: &Paces::default() };
    let reads_file = matches!(facts.reads, Reads::Everything | Reads::Place);
    let is_asked_for = command_line.has("--env") || cli.global.all_envs;
    let environment = match selection(cli) {
        // A variable may choose several for the commands that know them.
        Ok(Selection::Several(_)) | Err(_) if !reads_file && !is_asked_for => None,
        Ok(Selection::Several(_)) if !reads_file && facts.alone.is_none() => {
            let message =
                format!("`cwl2le {}` reads no configuration file, so it has no environments", cli.verb());
            return Err(Error::usage(message, "leave out --env and --all-envs"));
        }
        Ok(Selection::Several(names)) => return Box::pin(several::run(&base, names)).await,
        Ok(Selection::One(name)) => name,
        Err(error) => return Err(error),
    };
    let file = base.file(environment.as_deref())?;
    if let Some(file) = &file {
        progress.line(configured(file));
    }
    // On the heap: the compiler follows futures within futures only so deep.
    Box::pin(run_in(&base, file, None)).await
}

/// Which file is used, and which of its environments.
fn configured(file: &File) -> String {
    let path = visible(file.path().display());
    match (file.environment(), file.environments()) {
        (Some(name), _) => format!("configuration {path}, environment {name}"),
        (None, []) => format!("configuration {path}"),
        (None, names) => {
            format!(
                "configuration {path}, without an environment: --env chooses {}",
                visible(listed(names.iter().map(String::as_str)))
            )
        }
    }
}
