//! The flags of `setup`, for a look at a stack before it is set up.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::settings::Wanted;

/// The flags of `setup`. They need `--pre`, and the help does not repeat them; `--stack` stands alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct SetupFlags(pub(super) Wanted);

/// The flag that the others need.
const NEEDS: &str = "pre";

impl Args for SetupFlags {
    fn augment_args(command: Command) -> Command {
        let setup = Wanted::augment_args(Command::new("setup"));
        command.args(setup.get_arguments().cloned().map(hidden))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn hidden(flag: Arg) -> Arg {
    if flag.get_id() == "stack" { flag } else { flag.hide(true).requires(NEEDS) }
}

impl FromArgMatches for SetupFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Wanted::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn flags_of_setup_are_taken_before_anything_is_set_up() {
        let parses = |args: &[&str]| Cli::try_parse_from([&["cwl2le", "doctor"], args].concat()).is_ok();
        assert!(parses(&["--pre", "--token-ssm", "/t", "--shards", "4", "--quarantine", "s3://bucket/p"]));
        assert!(parses(&["--stack", "blue"]) && parses(&["--pre"]));
        assert!(!parses(&["--shards", "4"]), "they say nothing of a stack that is there");
        assert!(!parses(&["--pre", "--shards", "none"]));
    }
}
