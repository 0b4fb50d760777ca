//! The flags of `cwl2le replay`.

use clap::builder::StringValueParser;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::flags::StackArg;
use crate::flags::moment::{Moment, moment};
use crate::flags::values::{Hyphened, checked};
use crate::stack::limits;

/// Send records again that were not delivered
///
/// Nothing is deleted or moved. What was sent is noted in manifests in the bucket, so the next run leaves it out.
#[derive(Debug, Clone, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub stack: StackArg,
    /// What to send again
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub from: From,
    /// Send to this destination, from here, instead of into the stream
    ///
    /// It gets what the routes lead to it, and confirms it before the command ends.
    #[arg(long, value_name = "DESTINATION", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()), conflicts_with = "list")]
    pub into: Option<String>,
    /// Only what was kept, logged or put into the stream since then: 1h, 2d or 2016-09-17T10:28:49Z
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub since: Option<Moment>,
    /// Only what came until then
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub until: Option<Moment>,
    /// Only records of this log group; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    /// Only records of log groups whose names match a glob pattern; repeatable
    #[arg(long = "match", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub matches: Vec<String>,
    /// Only what was kept for this reason, such as `unrouted`; repeatable
    ///
    /// Records that a destination refused (`refused`) are sent only if you name this reason.
    #[arg(long = "reason", value_name = "REASON", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub reasons: Vec<String>,
    /// Maximum records a second [default: a quarter of what the stream takes, or what the destination takes]
    #[arg(long, hide_short_help = true, value_name = "RECORDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub records_per_second: Option<u32>,
    /// Send at most N records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// List what is kept, and send nothing
    #[arg(long, conflicts_with_all = ["dry_run", "yes", "records_per_second", "limit"])]
    pub list: bool,
    /// Send what an earlier run has sent, too
    #[arg(long)]
    pub again: bool,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send without asking
    ///
    /// Required where there is no terminal to ask on.
    #[arg(long, short, conflicts_with = "dry_run")]
    pub yes: bool,
}

/// Where records are that can be sent again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum From {
    /// What expired, in the on-failure bucket
    #[default]
    #[value(name = "on-failure")]
    #[serde(rename = "on-failure")]
    Expired,
    /// What no retry could deliver, in the quarantine
    Quarantine,
    /// What was logged to the subscribed log groups within a time
    LogGroups,
    /// What arrived in the stream within a time; needs --into
    Stream,
}

impl From {
    /// Whether it is read by time, and keeps no notes of what was sent.
    pub(super) fn is_timed(self) -> bool {
        matches!(self, Self::LogGroups | Self::Stream)
    }

    /// As it is typed.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Expired => "on-failure",
            Self::Quarantine => "quarantine",
            Self::LogGroups => "log-groups",
            Self::Stream => "stream",
        }
    }
}

impl Replay {
    /// Checks what clap cannot.
    ///
    /// # Errors
    /// [`crate::error::Code::Usage`].
    pub(super) fn check(&self) -> Result<()> {
        let from = self.from.name();
        if self.from.is_timed() {
            if self.since.is_none() {
                return Err(Error::usage(
                    format!("--from {from} sends everything from a time on"),
                    "give it with --since, such as --since 2d, and perhaps an end with --until",
                ));
            }
            if self.again || !self.reasons.is_empty() {
                let message =
                    format!("--again and --reason are for records that were kept, not for --from {from}");
                return Err(Error::usage(message, "leave them out; --since and --until say what is sent"));
            }
        }
        if self.from == From::Stream && self.into.is_none() {
            return Err(Error::usage(
                "what is read from the stream cannot go into the stream again: it would be read again",
                "give a destination with --into; `cwl2le replay --from log-groups` sends into the stream",
            ));
        }
        Ok(())
    }

    /// Whether records are sent.
    pub(super) fn sends(&self) -> bool {
        !self.list && !self.dry_run
    }
}
