//! The flags of `cwl2le logs`.

use std::time::Duration;

use clap::builder::StringValueParser;
use clap::{Args, ValueEnum};

use crate::flags::StackArg;
use crate::flags::moment::{Moment, moment};
use crate::flags::values::Hyphened;
use crate::journal::Level;

/// Maximum number of lines that `-n` takes.
pub(super) const MOST_LINES: u16 = 10_000;

/// Show what the forwarder says: one line for each invocation, with what was delivered, failed and why
#[derive(Debug, Clone, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub stack: StackArg,
    /// Go on showing lines as they come, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Show lines from then on: how long ago, as 15m, 1h or 2d, or a time as 2016-09-17T10:28:49Z; 15m by default,
    /// and 1d with -n
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub since: Option<Moment>,
    /// Show lines up to then; now by default
    #[arg(long, value_name = "WHEN", value_parser = moment, conflicts_with = "follow")]
    pub until: Option<Moment>,
    /// Show only the newest N lines, 1 to 10000
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_LINES)))]
    pub lines: Option<u16>,
    /// Show only lines that are at least this important
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Least::Info)]
    pub level: Least,
    /// Show only lines about this destination, and errors that stop every destination
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    /// Show only lines that hold this text, as they were logged or as they are shown
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub grep: Option<String>,
    /// Show lines as they were logged, with those of Lambda: START, END, REPORT
    #[arg(long)]
    pub raw: bool,
}

impl Logs {
    /// From when on lines are shown, in milliseconds since 1970.
    pub(super) fn from(&self, now: i64) -> i64 {
        let minutes = if self.lines.is_some() { 24 * 60 } else { 15 };
        let usual = Moment::Ago(Duration::from_secs(minutes * 60));
        self.since.unwrap_or(usual).in_milliseconds(now)
    }
}

/// The least level that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Least {
    /// Everything
    Info,
    /// What was not delivered, and errors
    Warn,
    /// What needs a person
    Error,
}

impl Least {
    /// Whether every line is shown.
    pub(super) fn is_least(self) -> bool {
        self == Self::Info
    }

    /// Whether a line of this level is shown.
    pub(super) fn shows(self, level: Level) -> bool {
        match self {
            Self::Info => true,
            Self::Warn => level >= Level::Warn,
            Self::Error => level >= Level::Error,
        }
    }
}
