//! Runs a verb in one environment: its context, and the last words on what it failed with.

use std::sync::OnceLock;
use std::time::Duration;

use clap::CommandFactory;

use super::{Cli, denied, help, misplaced_keys};
use crate::aws::{Options, Paces, RoleOptions, Stop};
use crate::commands::{Outcome, Reads};
use crate::error::Result;
use crate::flags::{CommandLine, StackArg};
use crate::output::{Live, Progress};
use crate::settings::{self, Choice, File};
use crate::workflow::completed::completed;
use crate::workflow::together::Together;
use crate::workflow::{Context, Lines, Stopwatch};

/// What the run has in common with those in other environments.
#[derive(Clone, Copy)]
pub(super) struct Base<'a> {
    pub(super) cli: &'a Cli,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Stop,
    pub(super) stopwatch: &'a Stopwatch,
    pub(super) lines: &'a Lines<'a>,
    pub(super) live: Live<'a>,
    pub(super) command_line: &'a CommandLine,
    pub(super) paces: &'a Paces,
}

impl Base<'_> {
    /// The configuration file with an environment, as far as the verb reads it.
    pub(super) fn file(&self, environment: Option<&str>) -> Result<Option<File>> {
        let choice = Choice { file: self.cli.global.config.as_deref(), environment };
        match self.cli.command.facts().reads {
            Reads::Nothing => Ok(None),
            Reads::Everything => File::find(choice),
            Reads::Place => {
                let Some((file, mistake)) = File::find_stack(choice)? else { return Ok(None) };
                if let Some(mistake) = mistake {
                    self.progress.line(format!(
                        "warning: {mistake}; only stack, region, profile and role are taken from the file"
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
}

/// Runs the verb with a configuration file, as it is in one environment: alone, or together with others.
///
/// # Errors
/// The one error that the verb ends with.
pub(super) async fn run_in(
    base: &Base<'_>,
    file: Option<File>,
    together: Option<&Together>,
) -> Result<Outcome> {
    let Base { cli, progress, stop, stopwatch, lines, live, command_line, paces } = *base;
    let facts = cli.command.facts();
    let text = |given: Option<&str>| given.map(ToOwned::to_owned);
    let mut options = Options {
        region: cli.global.region.clone(),
        profile: cli.global.profile.clone(),
        role: RoleOptions {
            arn: text(cli.global.role_arn.as_deref()),
            external_id: text(cli.global.external_id.as_deref()),
            session_name: text(cli.global.session_name.as_deref()),
        },
        endpoint_url: cli.global.endpoint_url.clone().filter(|url| !url.is_empty()),
        patience: cli.global.patience.map(Duration::from_secs),
        rate: cli.global.rate,
        paces: paces.clone(),
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
    }
    let target = OnceLock::new();
    let context = Context {
        progress,
        stop,
        aws: &options,
        file: file.as_ref(),
        command_line,
        target: &target,
        stopwatch,
        lines,
        live,
        together,
        command: Cli::command,
        pages: help::pages,
    };
    if let Some(stack) = facts.stack {
        live.envelope().set_stack(context.stack(stack).to_string());
    }
    if let Some(together) = together {
        together.about(
            facts.stack.map_or_else(|| context.stack(&StackArg::default()), |stack| context.stack(stack)),
        );
    }
    let ended = Box::pin(cli.command.run(context)).await;
    // Of a verb that opens its session itself.
    if let Some(target) = target.get() {
        live.envelope().set_place(target.account.as_str(), target.region.as_str());
    }
    ended.map_err(|error| {
        let error = completed(error, command_line);
        match context.target.get() {
            Some(target) => {
                let environment = file.as_ref().and_then(File::environment);
                denied::explained(error, cli, environment, target)
            }
            None => error,
        }
    })
}
