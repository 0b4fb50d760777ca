//! The flags of `cwl2le preview`.

use clap::Args;
use clap::builder::StringValueParser;

use crate::flags::StackArg;
use crate::flags::moment::{Moment, moment};
use crate::flags::values::{Hyphened, checked, price, whole};
use crate::stack::limits;

/// Show what would be sent, dropped and redacted, and what it costs
#[derive(Debug, Clone, Args)]
pub(crate) struct Preview {
    #[command(flatten)]
    pub stack: StackArg,
    /// Log group to read events from
    #[arg(long, short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_group: String,
    /// Read events since then: 15m, 1h, 2d or 2016-09-17T10:28:49Z
    #[arg(long, value_name = "WHEN", value_parser = moment, default_value = "1h")]
    pub since: Moment,
    /// Read events until then [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub until: Option<Moment>,
    /// Maximum number of events to read, 1 to 1000000
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = whole::<u32>(1..=1_000_000))]
    pub limit: u32,
    /// Read only events that match this filter pattern, as a subscription would
    #[arg(long, hide_short_help = true, value_name = "PATTERN", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_pattern)))]
    pub filter_pattern: Option<String>,
    /// Destination of the log group, whatever the routes say
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub destination: Option<String>,
    /// Number of events to show; JSON has all of them
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<usize>(0..=1_000_000))]
    pub samples: usize,
    /// Also show the original messages, with what was redacted
    #[arg(long)]
    pub before: bool,
    /// Price per GB of your log service, to estimate its cost
    #[arg(long, value_name = "PRICE", value_parser = price)]
    pub price_per_gb: Option<f64>,
}
