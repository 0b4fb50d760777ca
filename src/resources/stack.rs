//! The desired state of a stack.

use serde::Serialize;

use super::{
    AccountsSpec, AlarmsSpec, FunctionSpec, Isolation, LogGroupSpec, RoleSpec, StreamSpec, TriggerSpec,
};
use crate::stack::{DestinationArn, Names, StackName, Tags, Target};

/// One stack as the user wants it: everything but its subscription filters, which belong to log groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stack {
    /// The stack's name.
    pub name: StackName,
    /// Where it lives.
    pub target: Target,
    /// The names of its resources.
    pub names: Names,
    /// The Kinesis data stream.
    pub stream: StreamSpec,
    /// The role that CloudWatch Logs assumes.
    pub logs_role: RoleSpec,
    /// Whether subscriptions name that role. In a member account they may do without.
    pub has_logs_role: bool,
    /// The forwarder's execution role.
    pub function_role: RoleSpec,
    /// The forwarder's log group.
    pub log_group: LogGroupSpec,
    /// The forwarder.
    pub function: FunctionSpec,
    /// The event source mapping from the stream to the forwarder.
    pub trigger: TriggerSpec,
    /// Which destinations have a function of their own.
    pub isolation: Isolation,
    /// Which other accounts send lines to it.
    pub accounts: AccountsSpec,
    /// The alarms on it.
    pub alarms: AlarmsSpec,
    /// Whether it has a dashboard; none leaves that as it is.
    pub dashboard: Option<bool>,
    /// The tags that every resource of the stack carries, ours included.
    pub tags: Tags,
}

impl Stack {
    /// The names of its functions: the main one, then those of isolated destinations.
    pub fn functions(&self) -> impl Iterator<Item = String> {
        let isolated = self.isolation.destinations.iter().map(|name| self.names.isolated(name).function);
        [self.names.function.clone()].into_iter().chain(isolated)
    }

    /// The names that one of its functions has.
    pub(crate) fn names_of(&self, function: &str) -> Names {
        match self.names.isolated_destination(function) {
            Some(destination) => self.names.isolated(destination),
            None => self.names.clone(),
        }
    }

    /// The ARN of the SNS topic that mails when an alarm goes off, where there is one.
    pub fn alarm_topic_arn(&self) -> String {
        self.target.arn("sns", self.name.alarm_topic())
    }

    /// The ARN of the destination that other accounts send lines to, where there is one.
    pub fn destination_arn(&self) -> String {
        self.target.arn("logs", format_args!("destination:{}", self.names.destination))
    }

    /// The name of the dashboard. Dashboards are global, so it names the region.
    pub fn dashboard_name(&self) -> String {
        self.name.dashboard(&self.target.region)
    }

    /// The ARN of the role that a new subscription names.
    pub(crate) fn subscription_role(&self) -> Option<String> {
        self.has_logs_role.then(|| self.logs_role.arn.clone())
    }

    /// The ARN that subscriptions send to: see [`Names::sink_arn`].
    pub(crate) fn sink_arn(&self) -> String {
        self.names.sink_arn(&self.target)
    }

    /// Whether a filter or an account policy is this stack's own: it sends to our stream and has our name, with or without
    /// a pinned destination, or the one in `also`. Neither carries tags. In a member account, what has our name is ours
    /// whichever destination it leads to: another one may have been meant before.
    pub(crate) fn is_own_subscription(&self, name: &str, destination_arn: &str, also: Option<&str>) -> bool {
        let (is_named, is_sink) = (self.names.is_filter(name), destination_arn == self.sink_arn());
        let is_moved = self.names.to_destination.is_some()
            && is_named
            && destination_arn.parse::<DestinationArn>().is_ok();
        is_moved || is_sink && (is_named || also == Some(name))
    }
}
