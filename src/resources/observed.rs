//! What exists, as read from AWS. Pure values: the edge fills them, the planner reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::account_policy::desired::AccountPolicy;
use super::alarm::observed::ObservedAlarm;
use super::alias::observed::{LIVE, ObservedVersion};
use super::dashboard::observed::ObservedDashboard;
use super::filter::observed::ObservedGroup;
use super::function::observed::ObservedFunction;
use super::log_group::observed::ObservedLogGroup;
use super::logs_destination::observed::ObservedDestination;
use super::role::observed::ObservedRole;
use super::stream::observed::{ObservedStream, ProposedShards};
use super::topic::observed::ObservedTopic;
use super::trigger::observed::{ObservedTrigger, TriggerState};
use crate::error::UNKNOWN_LOG_GROUP_HINT;
use crate::stack::{Names, Tags};

/// What exists of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The stream.
    pub stream: Option<ObservedStream>,
    /// The number of shards that `--shards auto` comes to, if it is wanted.
    pub proposed_shards: Option<ProposedShards>,
    /// The role that CloudWatch Logs assumes.
    pub logs_role: Option<ObservedRole>,
    /// The forwarder's execution role.
    pub function_role: Option<ObservedRole>,
    /// The role of the destination for other accounts.
    pub accounts_role: Option<ObservedRole>,
    /// The forwarder's log group.
    pub log_group: Option<ObservedLogGroup>,
    /// The forwarder.
    pub function: Option<ObservedFunction>,
    /// The event source mappings from the stream to the forwarder; for a teardown also those from elsewhere.
    pub triggers: Vec<ObservedTrigger>,
    /// Names of all functions that are triggered by the stream or by a consumer of it, the forwarder included.
    pub readers: BTreeSet<String>,
    /// The log groups that the configuration of these functions has them write to in place of `/aws/lambda/NAME`,
    /// each with the function's name.
    pub writers: BTreeMap<String, String>,
    /// The account-level subscription policy of the account and region, whoever manages it.
    pub account_policy: Option<AccountPolicy>,
    /// The log groups that were looked at, with their subscription filters; a group that does not exist is absent.
    pub groups: BTreeMap<String, ObservedGroup>,
    /// Log groups that were asked for and do not exist, each with the one that was probably meant.
    pub similar: BTreeMap<String, String>,
    /// The tags of the log group of the canary, where it is among the log groups that were looked at.
    pub canary: Option<Tags>,
    /// What exists of the functions of isolated destinations, by destination, whoever manages it.
    pub isolated: BTreeMap<String, ObservedForwarder>,
    /// The destination with the name that this stack's has, whoever manages it.
    pub destination: Option<ObservedDestination>,
    /// The names of other destinations that lead to this stack's stream.
    pub other_destinations: BTreeSet<String>,
    /// The alarms with names that this stack's alarms have, by name, whoever manages them.
    pub alarms: BTreeMap<String, ObservedAlarm>,
    /// The topic with the name that this stack's has, whoever manages it.
    pub topic: Option<ObservedTopic>,
    /// Whether an alarm notifies that topic, and it could not be read.
    pub is_topic_unread: bool,
    /// The dashboard with the name that this stack's has, whoever manages it.
    pub dashboard: Option<ObservedDashboard>,
    /// The time by AWS's clock, in seconds since 1970, if the plan depends on it.
    pub time: Option<u64>,
}

/// What exists of the function of an isolated destination.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservedForwarder {
    /// The function.
    pub function: Option<ObservedFunction>,
    /// Its log group.
    pub log_group: Option<ObservedLogGroup>,
    /// The event source mappings from the stream to it.
    pub triggers: Vec<ObservedTrigger>,
}

/// The version of a function that gets the records; none for `$LATEST`.
fn running<'f>(function: &'f ObservedFunction, triggers: &[ObservedTrigger]) -> Option<&'f ObservedVersion> {
    let living = || triggers.iter().filter(|trigger| trigger.state != TriggerState::Deleting);
    let calls_live = living().any(|trigger| trigger.qualifier.as_deref() == Some(LIVE));
    match living().next() {
        Some(first) if !calls_live => function.version_of(first.qualifier.as_deref()?),
        _ => function.live_version(),
    }
}

impl Observed {
    /// The account policy that leads a log group of class STANDARD into a stream, where there is one.
    pub(crate) fn policy_of(&self, log_group: &str, stream_arn: &str) -> Option<&AccountPolicy> {
        let policy = self.account_policy.as_ref()?;
        (policy.destination_arn == stream_arn && policy.covers(log_group, "STANDARD")).then_some(policy)
    }

    /// Whether a filter or the account policy leads a log group that was looked at into a stream.
    pub(crate) fn is_led_to(&self, stream_arn: &str, log_group: &str) -> bool {
        let Some(group) = self.groups.get(log_group) else { return false };
        let policy = self.account_policy.as_ref().filter(|policy| policy.destination_arn == stream_arn);
        group.filters.iter().any(|filter| filter.destination_arn == stream_arn)
            || policy.is_some_and(|policy| policy.covers(log_group, &group.class))
    }

    /// The same without log groups, with each function as it gets the records: as the version that its trigger calls,
    /// which `$LATEST` and what was rolled back may differ from.
    #[must_use]
    pub fn in_force(&self) -> Self {
        let mut all = self.without_groups();
        let as_running = |function: Option<ObservedFunction>, triggers: &[ObservedTrigger]| {
            function.map(|function| match running(&function, triggers) {
                Some(version) => function.as_of(version),
                None => function,
            })
        };
        all.function = as_running(all.function.take(), &all.triggers);
        for own in all.isolated.values_mut() {
            own.function = as_running(own.function.take(), &own.triggers);
        }
        all
    }

    /// The functions that are there: the main one, then those of isolated destinations.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &ObservedFunction> {
        self.function.iter().chain(self.isolated_functions())
    }

    /// The functions of isolated destinations that are there.
    pub(crate) fn isolated_functions(&self) -> impl Iterator<Item = &ObservedFunction> {
        self.isolated.values().filter_map(|own| own.function.as_ref())
    }

    /// The function of this name, of a stack with these names.
    pub(crate) fn function_named(&self, names: &Names, function: &str) -> Option<&ObservedFunction> {
        match names.isolated_destination(function) {
            Some(destination) => self.isolated.get(destination)?.function.as_ref(),
            None => self.function.as_ref(),
        }
    }

    /// What to do about a log group that does not exist.
    pub(crate) fn instead_of(&self, log_group: &str) -> String {
        match self.similar.get(log_group) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => UNKNOWN_LOG_GROUP_HINT.to_owned(),
        }
    }

    /// The same without the log groups that were looked at, of which there may be thousands.
    #[must_use]
    pub(crate) fn without_groups(&self) -> Self {
        Self {
            stream: self.stream.clone(),
            proposed_shards: self.proposed_shards.clone(),
            logs_role: self.logs_role.clone(),
            function_role: self.function_role.clone(),
            accounts_role: self.accounts_role.clone(),
            log_group: self.log_group.clone(),
            function: self.function.clone(),
            triggers: self.triggers.clone(),
            readers: self.readers.clone(),
            writers: self.writers.clone(),
            account_policy: self.account_policy.clone(),
            groups: BTreeMap::new(),
            similar: BTreeMap::new(),
            canary: self.canary.clone(),
            isolated: self.isolated.clone(),
            destination: self.destination.clone(),
            other_destinations: self.other_destinations.clone(),
            alarms: self.alarms.clone(),
            topic: self.topic.clone(),
            is_topic_unread: self.is_topic_unread,
            dashboard: self.dashboard.clone(),
            time: self.time,
        }
    }
}
