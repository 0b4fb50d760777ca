//! Which log groups are meant.

use clap::Args;

use super::values::{Hyphened, checked, pair};
use crate::stack::limits;

/// Which log groups are meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log groups")]
#[group(id = "which", required = true, multiple = true, args = ["log_groups", "matches", "group_tags", "all"])]
pub(crate) struct Groups {
    /// Log group by name; repeatable
    #[arg(long = "log-group", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    /// Log groups whose names match: `*` is any text, also with slashes, `?` one character; repeatable
    #[arg(long = "match", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub matches: Vec<String>,
    /// Leave out the log groups whose names match; repeatable
    #[arg(long = "exclude", value_name = "GLOB", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group_glob)))]
    pub excludes: Vec<String>,
    /// Only log groups that carry this tag; repeatable, all must be carried
    #[arg(id = "group_tags", long = "tag", value_name = "KEY=VALUE", allow_hyphen_values = true, value_parser = Hyphened(pair))]
    pub tags: Vec<(String, String)>,
    /// Every log group of the account and region, also those to come, by one account policy; those that would feed
    /// themselves are always left out
    #[arg(long)]
    pub all: bool,
}
