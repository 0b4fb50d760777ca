//! `[alarms]`: the CloudWatch alarms on the stack.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Topic, Whole};
use crate::resources::{
    AlarmsSpec, BEHIND_MINUTES, Notify, Observed, ObservedAlarm, Stack, alarm_on_late_lines,
};
use crate::stack::{Setting, owns};

/// The alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Alarms")]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// ARN of the SNS topic that CloudWatch alarms on the stack notify; `none` deletes the alarms [default: none]
    #[arg(long = "alarms", hide_short_help = true, value_name = "TOPIC_ARN")]
    #[schemars(extend("default" = "none"))]
    pub notify: Option<Topic>,
    /// Minutes that lines may be late before the alarm `behind` goes off, 1 to 1440 [default: 15]
    #[arg(long = "alarm-behind", hide_short_help = true, value_name = "MINUTES")]
    #[schemars(extend("default" = BEHIND_MINUTES))]
    pub behind_minutes: Option<Whole<1, 1440>>,
}

impl Alarms {
    /// What stays of the file beside these flags.
    pub(super) fn beside(&self, file: Self) -> Self {
        file
    }

    /// The alarms that are wanted.
    pub(super) fn spec(&self) -> AlarmsSpec {
        let notify = self.notify.as_ref().map(Topic::arn);
        AlarmsSpec {
            notify: match notify {
                None => Notify::AsItIs,
                Some(None) => Notify::Nobody,
                Some(Some(arn)) => Notify::Topic(arn),
            },
            behind_minutes: Setting::or_default(self.behind_minutes.map(u32::from), BEHIND_MINUTES),
        }
    }

    /// The alarms that are there.
    pub(super) fn observed(stack: &Stack, observed: &Observed) -> Option<Self> {
        let is_ours = |alarm: &&ObservedAlarm| owns(&stack.name, &stack.target.region, &alarm.tags);
        let alarm = observed.alarms.values().find(is_ours)?;
        let behind = observed.alarms.get(&alarm_on_late_lines(&stack.name)).filter(is_ours);
        Some(Self {
            notify: alarm.rule.notify.first().cloned().map(Topic::of_aws),
            behind_minutes: behind.and_then(ObservedAlarm::minutes).map(Whole::of_aws),
        })
    }
}
