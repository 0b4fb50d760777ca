//! How a verb changes things.

use clap::Args;

use super::Detail;

/// How a command changes things.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = None::<&'static str>)]
pub(crate) struct Change {
    /// Make the changes without asking
    ///
    /// Required where there is no terminal to ask on.
    #[arg(long, short)]
    pub yes: bool,
    /// Show the changes and make none
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub detail: Detail,
}
