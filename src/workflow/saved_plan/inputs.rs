//! The settings that a plan is made from, beside the configuration file: those of flags and variables, as flags.

use clap::builder::{OsStr, Resettable};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command, FromArgMatches as _};

use super::document::MAKE_A_NEW_ONE;
use crate::error::{Code, Error, Result};
use crate::settings::Wanted;
use crate::workflow::Context;

/// The flags that hold a token or name a file with one. They are given again.
const TOKENS: [&str; 2] = ["token", "token_file"];
/// The flags of every command that choose the configuration.
const OF_CONFIGURATION: [&str; 2] = ["config", "env"];

/// The settings that the flags of this run and the environment give, but for the token.
///
/// # Errors
/// [`Code::Internal`]: the command line cannot be read a second time.
pub(super) fn given(context: Context<'_>) -> Result<Vec<String>> {
    let matches = matches(context)?;
    let is_given = |flag: &&Arg| {
        let source = matches.value_source(flag.get_id().as_str());
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let settings = settings();
    let flags = settings.get_arguments().filter(|flag| !is_token(flag)).filter(is_given);
    Ok(flags.flat_map(|flag| words(flag, &matches)).collect())
}

/// The flags that are typed beside a plan file and that it leaves no room for: it has all settings but the token.
///
/// # Errors
/// As [`given`].
pub(crate) fn settings_beside(context: Context<'_>) -> Result<Vec<String>> {
    let matches = matches(context)?;
    let is_typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let settings = settings();
    let typed = settings.get_arguments().filter(|flag| !is_token(flag) && is_typed(flag.get_id().as_str()));
    let typed = typed.filter_map(Arg::get_long);
    let all = typed.chain(OF_CONFIGURATION.into_iter().filter(|flag| is_typed(flag)));
    Ok(all.map(|long| format!("--{long}")).collect())
}

/// The settings that these flags give. A variable of this process gives none.
///
/// # Errors
/// [`Code::Usage`]: one of them is no setting, gives a token, or has a value that cannot be used.
pub(super) fn wanted(flags: &[String]) -> Result<Wanted> {
    let unusable = |problem: String| {
        Error::new(Code::Usage, format!("the flags in the plan file cannot be used: {problem}"))
            .hint(MAKE_A_NEW_ONE)
    };
    let command = settings().no_binary_name(true).disable_help_flag(true);
    let command = command.mut_args(|flag| flag.env(Resettable::<OsStr>::Reset));
    let read = |error: clap::Error| unusable(error.kind().to_string());
    let matches = command.try_get_matches_from(flags).map_err(read)?;
    if TOKENS.iter().any(|token| matches.contains_id(token)) {
        return Err(unusable("one of them gives a token, and no plan file holds one".to_owned()));
    }
    let mut wanted = Wanted::from_arg_matches(&matches).map_err(read)?;
    wanted.destination.token_variable = None;
    Ok(wanted)
}

fn is_token(flag: &Arg) -> bool {
    TOKENS.contains(&flag.get_id().as_str())
}

fn settings() -> Command {
    Wanted::augment_args(Command::new("settings"))
}

/// The flags of this run, as clap reads them.
fn matches(context: Context<'_>) -> Result<ArgMatches> {
    let matches = (context.command)().try_get_matches_from(context.command_line.words());
    let matches = matches.ok().and_then(|mut matches| Some(matches.remove_subcommand()?.1));
    matches.ok_or_else(|| Error::new(Code::Internal, "the command line cannot be read a second time"))
}

/// A flag as it is typed, once for each of its values.
fn words(flag: &Arg, matches: &ArgMatches) -> Vec<String> {
    let Some(long) = flag.get_long() else { return Vec::new() };
    let takes_none = flag.get_num_args().is_some_and(|count| count.max_values() == 0);
    if takes_none || !flag.get_action().takes_values() {
        return vec![format!("--{long}")];
    }
    let values = matches.get_raw(flag.get_id().as_str()).into_iter().flatten();
    values.map(|value| format!("--{long}={}", value.to_string_lossy())).collect()
}
