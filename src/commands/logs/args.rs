//! The flags of `cwl2le logs`.

use std::time::Duration;

use clap::builder::StringValueParser;
use clap::{Args, ValueEnum};

use crate::flags::StackArg;
use crate::flags::moment::{Moment, moment};
use crate::flags::values::{Hyphened, whole};
use crate::journal::Level;

/// Maximum number of lines that `-n` takes.
pub(super) const MOST_LINES: u16 = 10_000;

/// Show the log of the forwarder, one line for each invocation
#[derive(Debug, Clone, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub stack: StackArg,
    /// Keep showing new lines until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// Show lines since then: 15m, 1h, 2d or 2016-09-17T10:28:49Z [default: 15m, or 1d with -n]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub since: Option<Moment>,
    /// Show lines until then [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moment, conflicts_with = "follow")]
    pub until: Option<Moment>,
    /// Show only the newest N lines, 1 to 10000
    #[arg(long, short = 'n', value_name = "N", value_parser = whole::<u16>(1..=u64::from(MOST_LINES)))]
    pub lines: Option<u16>,
    /// Show only lines of this level and above
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = Least::Info)]
    pub level: Least,
    /// Show only lines about this destination, and errors that stop all of them
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    /// Show only lines that contain this text, as logged or as shown
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub grep: Option<String>,
    /// Show lines as they were logged, Lambda's START, END and REPORT included
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
