//! `[trigger]`: the event source mapping between the stream and the function.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{OnFailure, Whole};
use crate::resources::Observed;
use crate::resources::{Stack, Start, TriggerSpec, UNLIMITED};
use crate::stack::Setting;

const BATCH_SIZE: u32 = 1000;
const BATCH_WINDOW_SECONDS: u32 = 1;
const PARALLELIZATION: u32 = 1;

/// The trigger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Trigger")]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Maximum number of records in one invocation, 1 to 10000 [default: 1000]
    #[arg(long, hide_short_help = true, value_name = "N")]
    #[schemars(extend("default" = BATCH_SIZE))]
    pub batch_size: Option<Whole<1, 10_000>>,
    /// Seconds to wait for a batch to fill, 0 to 300 [default: 1]
    #[arg(long, hide_short_help = true, value_name = "SECONDS")]
    #[schemars(extend("default" = BATCH_WINDOW_SECONDS))]
    pub batch_window: Option<Whole<0, 300>>,
    /// Concurrent invocations per shard, 1 to 10 [default: 1]
    #[arg(long, hide_short_help = true, value_name = "N")]
    #[schemars(extend("default" = PARALLELIZATION))]
    pub parallelization: Option<Whole<1, 10>>,
    /// Whether AWS counts the events that the trigger polls, invokes with and drops, as free metrics: `true` or `false`
    /// [default: true]
    #[arg(long, hide_short_help = true, value_name = "BOOL")]
    #[schemars(extend("default" = true))]
    pub event_counts: Option<bool>,
    /// ARN of the S3 bucket, SQS queue or SNS topic that gets records that expire in the stream undelivered [default:
    /// none]
    #[arg(long, hide_short_help = true, value_name = "ARN")]
    #[schemars(extend("default" = "none"))]
    pub on_failure: Option<OnFailure>,
}

impl Trigger {
    /// The trigger that is wanted.
    pub(super) fn spec(&self) -> TriggerSpec {
        TriggerSpec {
            batch_size: Setting::or_default(self.batch_size.map(u32::from), BATCH_SIZE),
            window_seconds: Setting::or_default(self.batch_window.map(u32::from), BATCH_WINDOW_SECONDS),
            parallelization: Setting::or_default(self.parallelization.map(u32::from), PARALLELIZATION),
            // A crash is narrowed down to the record that causes it: delivery depends on it.
            bisect: Setting::asked(true),
            // What watches the chain depends on it, so that only saying no turns it off.
            event_counts: Setting::asked(self.event_counts.unwrap_or(true)),
            on_failure: Setting::or_default(self.on_failure.as_ref().map(OnFailure::arn), None),
            // The plan knows what the stream and the trigger have.
            max_age_seconds: UNLIMITED,
            start: Start::default(),
        }
    }

    /// The trigger that is there.
    pub(super) fn observed(stack: &Stack, observed: &Observed) -> Option<Self> {
        let stream_arn = stack.names.stream_arn(&stack.target);
        let trigger = observed.triggers.iter().find(|trigger| trigger.source_arn == stream_arn)?;
        Some(Self {
            batch_size: Some(Whole::of_aws(trigger.batch_size)),
            batch_window: Some(Whole::of_aws(trigger.window_seconds)),
            parallelization: Some(Whole::of_aws(trigger.parallelization)),
            event_counts: (!trigger.event_counts).then_some(false),
            on_failure: trigger.on_failure.clone().map(OnFailure::of_aws),
        })
    }
}
