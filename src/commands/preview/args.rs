//! The flags of `cwl2le preview`.

use clap::Args;
use clap::builder::StringValueParser;

use crate::flags::StackArg;
use crate::flags::moment::{Moment, moment};
use crate::flags::values::{Hyphened, checked};
use crate::stack::limits;

/// Show what would be sent of a log group's events, what would be dropped and what it would cost; changes nothing
#[derive(Debug, Clone, Args)]
pub(crate) struct Preview {
    #[command(flatten)]
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

fn price(text: &str) -> Result<f64, String> {
    let price: Option<f64> = text.parse().ok();
    price.filter(|price| price.is_finite() && *price >= 0.0).ok_or_else(|| format!("`{text}` is no price"))
}
