//! Reads the command line.

use std::ffi::OsString;

use clap::FromArgMatches;

use super::{Cli, help};

/// Reads the command line, the name of the program first. Without anything behind the name, it means `-h`.
///
/// # Errors
/// What does not parse, and help and version, which are to be printed.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.len() == 1 {
        args.push("-h".into());
    }
    let mut command = help::command();
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}
