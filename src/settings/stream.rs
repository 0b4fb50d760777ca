//! `[stream]`: the Kinesis data stream.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{KmsKey, Shards, Whole};
use crate::resources::{Observed, ProposedShards, StreamMode, StreamSpec};
use crate::stack::{Setting, Target};

const SHARDS: u32 = 1;
const RETENTION_HOURS: u32 = 24;

/// The stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Stream")]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Number of provisioned shards; each takes 1,000 records/s or 1 MiB/s. `auto`: by the busiest minute of the last
    /// 7 days [default: 1]
    // The quota of the account may be lower.
    #[arg(long, hide_short_help = true, value_name = "N")]
    #[schemars(extend("default" = SHARDS))]
    pub shards: Option<Shards>,
    /// Let AWS scale the stream (on-demand mode)
    #[arg(
        long,
        hide_short_help = true,
        conflicts_with = "shards",
        num_args = 0,
        default_missing_value = "true"
    )]
    #[schemars(extend("default" = false))]
    pub on_demand: Option<bool>,
    /// Hours that the stream keeps records, 24 to 8760. It is the buffer while the log service is down [default: 24]
    #[arg(long, hide_short_help = true, value_name = "HOURS")]
    #[schemars(extend("default" = RETENTION_HOURS))]
    pub retention_hours: Option<Whole<24, 8760>>,
    /// KMS key that encrypts the stream: key ID or ARN, `none` to stop encrypting [default: none]
    #[arg(long, hide_short_help = true, value_name = "KEY")]
    #[schemars(extend("default" = "none"))]
    pub kms_key: Option<KmsKey>,
}

impl Stream {
    /// What stays of the file beside these flags: the two ways to pay exclude each other, so a flag for one hides the
    /// other.
    pub(super) fn beside(&self, file: Self) -> Self {
        match (self.shards, self.on_demand) {
            (None, None) => file,
            (Some(_), _) => Self { on_demand: None, ..file },
            (None, Some(_)) => Self { shards: None, ..file },
        }
    }

    /// The stream that is wanted. `proposed` is what `auto` comes to; without it the number stays as it is.
    pub(super) fn spec(&self, target: &Target, proposed: Option<&ProposedShards>) -> StreamSpec {
        let (shards, why) = match self.shards {
            Some(Shards::Count(count)) => (Some(count.into()), None),
            Some(Shards::Auto) => {
                (proposed.map(|proposed| proposed.shards), proposed.map(|proposed| proposed.why.clone()))
            }
            None => (None, None),
        };
        let mode = match self.on_demand {
            Some(true) => Some(StreamMode::OnDemand),
            _ => shards.map(|shards| StreamMode::Provisioned { shards }),
        };
        StreamSpec {
            why,
            mode: Setting::or_default(mode, StreamMode::Provisioned { shards: SHARDS }),
            retention_hours: Setting::or_default(self.retention_hours.map(u32::from), RETENTION_HOURS),
            kms_key: Setting::or_default(self.kms_key.as_ref().map(|key| key.arn(target)), None),
        }
    }

    /// The stream that is there. A key that cwl2le cannot set is left out.
    pub(super) fn observed(observed: &Observed) -> Option<Self> {
        let stream = observed.stream.as_ref()?;
        let shards = match stream.mode {
            StreamMode::Provisioned { shards } => Some(Shards::Count(Whole::of_aws(shards))),
            StreamMode::OnDemand => None,
        };
        Some(Self {
            shards,
            on_demand: shards.is_none().then_some(true),
            retention_hours: Some(Whole::of_aws(stream.retention_hours)),
            kms_key: stream.kms_key.as_ref().and_then(|key| key.parse().ok()),
        })
    }
}
