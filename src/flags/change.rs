//! How a verb changes things.

use clap::Args;

use super::Detail;

/// How a command changes things.
#[derive(Debug, Clone, Args)]
pub(crate) struct Change {
    /// Make the changes without asking; required where standard input or standard error is not a terminal
    #[arg(long, short)]
    pub yes: bool,
    /// Show the changes and make none
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub detail: Detail,
}
