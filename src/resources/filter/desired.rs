//! A subscription filter on a log group.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::stack::Setting;

/// How CloudWatch Logs spreads a log group over the shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// One log stream goes to one shard, in order. A busy stream pins its shard.
    #[default]
    ByLogStream,
    /// Spread evenly, order is lost.
    Random,
}

impl Distribution {
    /// Its name, as AWS has it in documents and templates.
    pub(crate) const fn in_aws(self) -> &'static str {
        match self {
            Self::ByLogStream => "ByLogStream",
            Self::Random => "Random",
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByLogStream => "by-log-stream",
            Self::Random => "random",
        })
    }
}

impl FromStr for Distribution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "by-log-stream" => Ok(Self::ByLogStream),
            "random" => Ok(Self::Random),
            _ => Err(format!("`{text}` is neither by-log-stream nor random")),
        }
    }
}

/// The filter that a log group should have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterSpec {
    /// The log group.
    pub log_group: String,
    /// The filter's name: the upsert key within the log group.
    pub name: String,
    /// Which events; empty for all.
    pub pattern: Setting<String>,
    /// How they are spread over the shards.
    pub distribution: Setting<Distribution>,
    /// The ARN of the stream, or of the destination of another account.
    pub destination_arn: String,
    /// The role that CloudWatch Logs assumes; without one, a filter that is there keeps its own.
    pub role_arn: Option<String>,
    /// The settings that it keeps of the filter that it replaces.
    pub extras: FilterExtras,
}

/// What a filter can have beside, which cwl2le neither sets nor shows. `PutSubscriptionFilter` resets what it is not
/// given, so an update carries it on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FilterExtras {
    /// Whether the filter sees events after the log group's transformer.
    pub apply_on_transformed_logs: bool,
    /// System fields that are sent with each event, such as `@aws.account`.
    pub emit_system_fields: Vec<String>,
    /// Which events by system field, such as `@aws.region = "eu-west-1"`.
    pub field_selection_criteria: Option<String>,
}
