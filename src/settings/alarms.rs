//! `[alarms]`: the CloudWatch alarms on the stack.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{EmailAddress, Topic, Whole};
use crate::resources::{
    AlarmsSpec, BEHIND_MINUTES, Notify, Observed, ObservedAlarm, Stack, alarm_on_late_lines,
};
use crate::stack::{Setting, StackName, Target, owns};

/// The alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize, JsonSchema)]
#[command(next_help_heading = "Alarms")]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// ARN of the SNS topic that CloudWatch alarms on the stack notify; `none` deletes the alarms [default: none]
    #[arg(long = "alarms", hide_short_help = true, value_name = "TOPIC_ARN")]
    #[schemars(extend("default" = "none"))]
    pub notify: Option<Topic>,
    /// Mail address that CloudWatch alarms on the stack notify, by an SNS topic of the stack [default: none]
    #[arg(
        long,
        hide_short_help = true,
        conflicts_with = "notify",
        value_name = "ADDRESS",
        help_heading = "Alarms"
    )]
    #[schemars(example = &"oncall@example.com")]
    pub email: Option<EmailAddress>,
    /// Minutes that lines may be late before the alarm `behind` goes off, 1 to 1440 [default: 15]
    #[arg(long = "alarm-behind", hide_short_help = true, value_name = "MINUTES")]
    #[schemars(extend("default" = BEHIND_MINUTES))]
    pub behind_minutes: Option<Whole<1, 1440>>,
}

impl Alarms {
    /// What stays of the file beside these flags: a flag for one of topic and address hides the other.
    pub(super) fn beside(&self, file: Self) -> Self {
        match (&self.notify, &self.email) {
            (None, None) => file,
            _ => Self { notify: None, email: None, ..file },
        }
    }

    /// The alarms that are wanted.
    pub(super) fn spec(&self, stack: &StackName, target: &Target) -> AlarmsSpec {
        let topic = self.notify.as_ref().map(Topic::arn);
        AlarmsSpec {
            notify: match (&self.email, topic) {
                (Some(_), _) => Notify::Topic(target.arn("sns", stack.alarm_topic())),
                (None, None) => Notify::AsItIs,
                (None, Some(None)) => Notify::Nobody,
                (None, Some(Some(arn))) => Notify::Topic(arn),
            },
            email: self.email.as_ref().map(|address| address.to_string()),
            behind_minutes: Setting::or_default(self.behind_minutes.map(u32::from), BEHIND_MINUTES),
        }
    }

    /// The alarms that are there.
    pub(super) fn observed(stack: &Stack, observed: &Observed) -> Option<Self> {
        let is_ours = |alarm: &&ObservedAlarm| owns(&stack.name, &stack.target.region, &alarm.tags);
        let alarm = observed.alarms.values().find(is_ours)?;
        let behind = observed.alarms.get(&alarm_on_late_lines(&stack.name)).filter(is_ours);
        let topic = alarm.rule.notify.first();
        let own = observed.topic.as_ref().filter(|own| topic == Some(&own.arn));
        // Several addresses cannot stand in the file: they stay as they are without any.
        let mut mails = own.into_iter().flat_map(|own| own.mails());
        let email = mails.next().filter(|_| mails.next().is_none()).map(|one| one.endpoint.clone());
        Some(Self {
            notify: topic.filter(|_| own.is_none()).cloned().map(Topic::of_aws),
            email: email.map(EmailAddress::of_aws),
            behind_minutes: behind.and_then(ObservedAlarm::minutes).map(Whole::of_aws),
        })
    }
}
