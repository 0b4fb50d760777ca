//! The flags of the verbs that show what the forwarder does, or do it here.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::Args;
use clap::builder::StringValueParser;

use super::StackArg;
use crate::flags::DestinationArgs;
use crate::flags::values::{Hyphened, checked, moment, price};
use crate::stack::limits;

/// A moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long before now.
    Ago(Duration),
    /// A time.
    At(SystemTime),
}

impl Moment {
    /// When it is, seen from `now`.
    pub fn seen_from(self, now: SystemTime) -> SystemTime {
        match self {
            Self::Ago(time) => now.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH),
            Self::At(time) => time,
        }
    }
}

/// `cwl2le preview`
#[derive(Debug, Clone, Args)]
pub struct Preview {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Log group whose events are read
    #[arg(long, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_group: String,
    /// Read events from then on: how long ago, as 15m, 1h or 2d, or a time as 2016-09-17T10:28:49Z
    #[arg(long, value_name = "WHEN", value_parser = moment, default_value = "1h")]
    pub since: Moment,
    /// Read events up to then; now by default
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub until: Option<Moment>,
    /// Read so many events at most, 1 to 1000000
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// Read only events that match, in CloudWatch Logs' filter pattern syntax: as a subscription with it would
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_pattern)))]
    pub filter_pattern: Option<String>,
    /// Destination that a subscription of the log group names, whatever the routes say
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    /// Show so many events; JSON holds all of them
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub samples: usize,
    /// Also show messages as they are in the log group, with what the rules take out of them
    #[arg(long)]
    pub before: bool,
    /// What the log service charges for a GB, in USD or any other currency; its cost is left out without it
    #[arg(long, value_name = "PRICE", value_parser = price)]
    pub price_per_gb: Option<f64>,
}

/// `cwl2le forward`
#[derive(Debug, Clone, Args)]
pub struct Forward {
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub stack: StackArg,
    /// Saved events, `-` for standard input: events of the function, objects of an on-failure bucket, payloads of CloudWatch
    /// Logs, the output of `aws kinesis get-records`, `aws logs filter-log-events` or `get-log-events`, or an export of
    /// CloudWatch Logs; plain or gzip
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Deliver to this destination of the configuration; without it lines go to standard output, with stand-ins for tokens
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub to: Option<String>,
    /// Write what --to would send to standard output instead
    #[arg(long, requires = "to")]
    pub dry_run: bool,
    /// Log group of events that do not say where they come from
    #[arg(long, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_group: Option<String>,
    /// Log stream of events that do not say where they come from
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true, allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub log_stream: String,
    /// Pass over the first events of the input: those that an earlier run has done
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: u64,
    #[command(flatten)]
    #[allow(missing_docs, reason = "see the type")]
    pub service: DestinationArgs,
}

impl Forward {
    /// Whether its lines go to standard output, so that its report has to go elsewhere.
    pub fn writes_lines(&self) -> bool {
        self.to.is_none() || self.dry_run
    }
}
