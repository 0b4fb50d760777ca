//! Where a canary is put in.

use clap::ValueEnum;
use serde::Serialize;

/// Where a canary is put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Via {
    /// A line in a log group: the whole chain
    #[default]
    LogGroup,
    /// A record in the stream, for each destination: from the stream on
    Stream,
    /// An invocation for each destination, past the stream and what waits in it
    Function,
}
