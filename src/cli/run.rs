//! Runs a verb: finds the configuration file, says where AWS is, and explains a missing permission.

use std::sync::OnceLock;
use std::time::Duration;

use clap::CommandFactory;

use super::{Cli, denied, help, misplaced_keys};
use crate::aws::{Options, Stop};
use crate::commands::{Outcome, Reads};
use crate::error::{Error, Result, listed};
use crate::flags::CommandLine;
use crate::output::{Live, Progress, visible};
use crate::settings::{self, Choice, File};
use crate::workflow::completed::completed;
use crate::workflow::{Context, Lines, Stopwatch};

/// Why a token should not stand on the command line.
const TOKEN_IS_SHOWN: &str = "note: every user of this machine can read --token while the command runs (`ps`), and it stays in \
    the shell's history; give --token-file FILE (`-` for standard input), CWL2LE_TOKEN, --token-ssm or --token-secret instead";

/// Runs the verb of a command line.
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
    let stopwatch = Stopwatch::start();
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
    let file = configuration(cli, facts.reads, progress)?;
    let command_line = Cli::command().get_subcommands().fold(CommandLine::of_process(), |line, verb| {
        verb.get_all_aliases().fold(line, |line, alias| line.with_verb(alias, verb.get_name()))
    });
    let mut options = Options {
        region: cli.global.region.clone(),
        profile: cli.global.profile.clone(),
        endpoint_url: cli.global.endpoint_url.clone().filter(|url| !url.is_empty()),
        patience: cli.global.patience.map(Duration::from_secs),
        rate: cli.global.rate,
        show_log: Some(command_line.of_stack("logs").to_string()),
        stop: stop.clone(),
        ..Options::default()
    };
    if let Some(file) = &file {
        let env = |name: &str| std::env::var(name).ok();
        misplaced_keys::check(&facts, file, &options, &env)?
            .iter()
            .for_each(|warning| progress.line(warning));
        settings::fill_options(&mut options, file, env);
        progress.line(configured(file));
    }
    let target = OnceLock::new();
    let context = Context {
        progress,
        stop,
        aws: &options,
        file: file.as_ref(),
        command_line: &command_line,
        target: &target,
        stopwatch: &stopwatch,
        lines,
        live,
        command: Cli::command,
        pages: help::pages,
    };
    if let Some(stack) = facts.stack {
        live.envelope().set_stack(context.stack(stack).to_string());
    }
    let ended = cli.command.run(context).await;
    // Of a verb that opens its session itself.
    if let Some(target) = target.get() {
        live.envelope().set_place(target.account.as_str(), target.region.as_str());
    }
    ended.map_err(|error| {
        let error = completed(error, &command_line);
        match context.target.get() {
            Some(target) => denied::explained(error, cli, target),
            None => error,
        }
    })
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

/// The configuration file, as far as the verb reads it.
fn configuration(cli: &Cli, reads: Reads, progress: &Progress) -> Result<Option<File>> {
    let choice = Choice { file: cli.global.config.as_deref(), environment: cli.global.env.as_deref() };
    match reads {
        Reads::Nothing => Ok(None),
        Reads::Everything => File::find(choice),
        Reads::Place => {
            let Some((file, mistake)) = File::find_stack(choice)? else { return Ok(None) };
            if let Some(mistake) = mistake {
                progress.line(format!(
                    "warning: {mistake}; only stack, region and profile are taken from the file"
                ));
            }
            Ok(Some(file))
        }
        Reads::Secrets => {
            // Whatever is wrong with the file, the verb does not need it.
            let _ = File::find_stack(choice);
            Ok(None)
        }
    }
}
