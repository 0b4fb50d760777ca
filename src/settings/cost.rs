//! `[cost]`: how much a stack may cost before someone has to look.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Whole;

/// The cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Cost")]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// USD a month above which `--yes` does not confirm changes that make the stack cost more, 0 to 1000000 [default:
    /// none]
    #[arg(long, hide_short_help = true, value_name = "USD")]
    #[schemars(example = 100)]
    pub confirm_above: Option<Whole<0, 1_000_000>>,
}
