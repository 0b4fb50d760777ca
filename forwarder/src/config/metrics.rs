//! What the function's log says of each invocation.

use serde::{Deserialize, Serialize};

/// Whether each invocation writes a line of counts to the function's log, and CloudWatch makes metrics of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Metrics {
    /// The line, and metrics of it: each costs money by the month.
    #[default]
    Cloudwatch,
    /// The line without metrics.
    Log,
    /// Neither: only notes about what fails.
    None,
}

impl Metrics {
    /// Whether it is what a configuration that says nothing has.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
