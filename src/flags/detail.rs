//! How much of a plan is shown.

use clap::Args;

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Detail {
    /// Show every change with every field, and every setting
    ///
    /// On a terminal, what is longer than the window goes through CWL2LE_PAGER, else PAGER, else `less`. An empty
    /// CWL2LE_PAGER means no pager.
    #[arg(long)]
    pub detail: bool,
    /// Do not use a pager
    #[arg(long, hide_short_help = true)]
    pub no_pager: bool,
}
