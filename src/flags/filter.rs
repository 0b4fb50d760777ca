//! How log groups are subscribed.

use std::collections::BTreeSet;

use clap::Args;
use cwl2le_forwarder::config::filter_name;

use super::values::{Hyphened, checked};
use crate::resources::{AccountPolicySpec, Distribution, FilterExtras, FilterSpec, Stack};
use crate::stack::{Setting, limits};

/// How log groups are subscribed.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Subscription filters")]
pub struct Filter {
    /// Forward only events that match this pattern
    ///
    /// By default all events are forwarded, and an existing filter keeps its own pattern.
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_pattern)))]
    pub filter_pattern: Option<String>,
    /// Name of the subscription filter or account policy [default: cloudwatchLogsFilter, or with --to-destination
    /// cloudwatchLogsToDestination, prefixed by the stack]
    #[arg(long, hide_short_help = true, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub filter_name: Option<String>,
    /// How events are spread over the shards: `by-log-stream`, which keeps their order, or `random` [default:
    /// by-log-stream]
    #[arg(long, hide_short_help = true, value_name = "HOW")]
    pub distribution: Option<Distribution>,
    /// Replace this existing filter or account policy. If that fails, the old one is restored
    #[arg(long, hide_short_help = true, value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::filter_name)))]
    pub replace: Option<String>,
}

impl Filter {
    /// The name that the flags ask for: of each filter, or of the account policy. `destination` is the one that it
    /// pins.
    pub(crate) fn name(&self, stack: &Stack, destination: Option<&str>) -> String {
        let base = self.filter_name.as_ref().unwrap_or(&stack.names.filter);
        destination.map_or_else(|| base.clone(), |destination| filter_name(base, destination))
    }

    /// The filters that these log groups should have.
    pub(crate) fn specs(
        &self,
        stack: &Stack,
        log_groups: &[String],
        destination: Option<&str>,
    ) -> Vec<FilterSpec> {
        let name = self.name(stack, destination);
        let log_groups: BTreeSet<&String> = log_groups.iter().collect();
        log_groups
            .into_iter()
            .map(|log_group| FilterSpec {
                log_group: log_group.clone(),
                name: name.clone(),
                pattern: Setting::or_default(self.filter_pattern.clone(), String::new()),
                distribution: Setting::or_default(self.distribution, Distribution::ByLogStream),
                destination_arn: stack.sink_arn(),
                role_arn: stack.subscription_role(),
                extras: FilterExtras::default(),
            })
            .collect()
    }

    /// The account policy that the flags ask for, which leaves out these log groups.
    pub(crate) fn account_policy(
        &self,
        stack: &Stack,
        excluded: BTreeSet<String>,
        destination: Option<&str>,
    ) -> AccountPolicySpec {
        AccountPolicySpec {
            name: self.name(stack, destination),
            pattern: Setting::or_default(self.filter_pattern.clone(), String::new()),
            distribution: Setting::or_default(self.distribution, Distribution::ByLogStream),
            destination_arn: stack.sink_arn(),
            role_arn: stack.subscription_role(),
            excluded,
        }
    }
}
