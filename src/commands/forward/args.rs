//! The flags of `cwl2le forward`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::StringValueParser;

use crate::flags::values::{Hyphened, checked, whole};
use crate::flags::{DestinationArgs, StackArg};
use crate::stack::limits;

/// Send saved events again, or show what would be sent
#[derive(Debug, Clone, Args)]
pub(crate) struct Forward {
    #[command(flatten)]
    pub stack: StackArg,
    /// File with saved events, `-` for standard input, or s3://BUCKET/KEY
    ///
    /// It takes events of the function, objects of an on-failure bucket, payloads of CloudWatch Logs, the output of
    /// `aws kinesis get-records`, `aws logs filter-log-events` or `aws logs get-log-events`, and exports of CloudWatch
    /// Logs; plain or gzip.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// Destination to deliver to [default: standard output, with placeholders for tokens]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub to: Option<String>,
    /// With --to: write to standard output what would be sent
    #[arg(long, requires = "to")]
    pub dry_run: bool,
    /// Log group of events that do not say where they come from
    #[arg(long, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_group: Option<String>,
    /// Log stream of events that do not say where they come from
    #[arg(long, hide_short_help = true, value_name = "NAME", default_value = "", hide_default_value = true, allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub log_stream: String,
    /// Skip the first N events (already sent by an earlier run)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<u64>(0..=1_000_000_000_000))]
    pub skip: u64,
    #[command(flatten)]
    pub service: DestinationArgs,
}

impl Forward {
    /// Whether its lines go to standard output, so that its report has to go elsewhere.
    pub(crate) fn writes_lines(&self) -> bool {
        self.to.is_none() || self.dry_run
    }
}
