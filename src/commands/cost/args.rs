//! The flags of `cwl2le cost`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::flags::values::{price, span, whole};
use crate::flags::{Groups, StackArg};

/// Show what the stack costs a month, from what it has used
///
/// Adds up what CloudWatch has measured and multiplies it with a table of prices. With log groups, also shows what they
/// would cost if you subscribed them.
#[derive(Debug, Clone, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub stack: StackArg,
    // CloudWatch keeps metrics for 455 days.
    /// Time to measure, 1h to 455d
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = span("1h", "455d"))]
    pub since: Duration,
    /// Price per GB of your log service, to include it
    #[arg(long, value_name = "PRICE", value_parser = price)]
    pub price_per_gb: Option<f64>,
    /// TOML file with prices of AWS, which win over the built-in ones
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Number of log groups to show; JSON has all of them
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<usize>(0..=1_000_000))]
    pub top: usize,
    #[command(flatten)]
    pub groups: Groups,
}

impl Cost {
    /// Whether log groups are given.
    pub(super) fn has_groups(&self) -> bool {
        let Groups { given, log_groups, matches, excludes, tags, all } = &self.groups;
        *all || !tags.is_empty()
            || [given, log_groups, matches, excludes].into_iter().any(|list| !list.is_empty())
    }
}
