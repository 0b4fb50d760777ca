//! `[member]`: an account whose log groups send to the destination of another account, in place of a stream of its own.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stack::DestinationArn;

/// What the account of the stream has, and a member account has not: sections and keys of the file.
pub(super) const CENTRAL: [&str; 12] = [
    "accounts",
    "stream",
    "function",
    "trigger",
    "cost",
    "alarms",
    "dashboard",
    "destinations",
    "routes",
    "routes_from",
    "default_destination",
    "hash_key",
];

/// Where that belongs.
pub(super) const IN_CENTRAL: &str =
    "a member account has subscriptions only: give this to `cwl2le setup` in the account that has the stream";

/// A member account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Other accounts")]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Destination of another account that the log groups send to, by its ARN, in place of a stream
    #[arg(long, hide_short_help = true, value_name = "ARN")]
    #[schemars(example = "arn:aws:logs:ap-northeast-1:111111111111:destination:cwl-from-accounts")]
    pub to_destination: Option<DestinationArn>,
    /// Create a role for the subscriptions. A destination that is open to an organization needs it
    #[arg(
        id = "role",
        long = "member-role",
        hide_short_help = true,
        num_args = 0,
        default_missing_value = "true"
    )]
    #[schemars(extend("default" = false))]
    pub role: Option<bool>,
}

impl Member {
    /// Those of these flags that are given, as they are typed.
    pub(crate) fn flags(&self) -> Vec<String> {
        let to = self.to_destination.iter().flat_map(|arn| ["--to-destination".to_owned(), arn.to_string()]);
        to.chain((self.role == Some(true)).then(|| "--member-role".to_owned())).collect()
    }
}
