//! `[dashboard]`: whether there is one.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resources::{Observed, Stack};
use crate::stack::owns;

/// The dashboard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Dashboard")]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Whether the stack has a CloudWatch dashboard; `false` deletes it [default: false]
    #[arg(long = "dashboard", hide_short_help = true, value_name = "BOOL")]
    #[schemars(extend("default" = false))]
    pub make: Option<bool>,
}

impl Dashboard {
    /// The dashboard that is there.
    pub(super) fn observed(stack: &Stack, observed: &Observed) -> Option<Self> {
        let is = observed.dashboard.as_ref()?;
        owns(&stack.name, &stack.target.region, &is.tags).then_some(Self { make: Some(true) })
    }
}
