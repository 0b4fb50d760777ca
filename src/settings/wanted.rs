//! The flags that describe a whole stack.

use clap::Args;

use super::accounts::Accounts;
use super::alarms::Alarms;
use super::cost::Cost;
use super::dashboard::Dashboard;
use super::function::Function;
use super::member::Member;
use super::roles::Resources;
use super::stream::Stream;
use super::trigger::Trigger;
use crate::flags::values::{Hyphened, checked};
use crate::flags::{DestinationArgs, Filter, StackArg};
use crate::stack::limits;

/// The whole stack as it should be. What is not given here is taken from the configuration file.
#[derive(Debug, Clone, Default, Args)]
pub struct Wanted {
    /// Which stack.
    #[command(flatten)]
    pub stack: StackArg,
    /// Take over resources of these names that cwl2le did not create
    #[arg(long, hide_short_help = true)]
    pub adopt: bool,
    /// Replace the function's code even if a newer cwl2le, another build of this version, or --forwarder-zip deployed
    /// it
    #[arg(long, hide_short_help = true)]
    pub allow_downgrade: bool,
    /// Whether a version that was rolled back may become live again though nothing else changes.
    #[arg(skip)]
    pub ignores_rollback: bool,
    /// Subscribe this log group, too; repeatable
    #[arg(long = "log-group", help_heading = "Subscription filters", short = 'g', value_name = "NAME", allow_hyphen_values = true, value_parser = Hyphened(checked(limits::log_group)))]
    pub log_groups: Vec<String>,
    /// How the log groups are subscribed.
    #[command(flatten)]
    pub filter: Filter,
    /// Where the forwarder sends lines.
    #[command(flatten)]
    pub destination: DestinationArgs,
    /// The stream.
    #[command(flatten)]
    pub stream: Stream,
    /// The function.
    #[command(flatten)]
    pub function: Function,
    /// The trigger.
    #[command(flatten)]
    pub trigger: Trigger,
    /// How much it may cost.
    #[command(flatten)]
    pub cost: Cost,
    /// Other accounts.
    #[command(flatten)]
    pub accounts: Accounts,
    /// The alarms.
    #[command(flatten)]
    pub alarms: Alarms,
    /// The dashboard.
    #[command(flatten)]
    pub dashboard: Dashboard,
    /// Whether the log groups go to another account.
    #[command(flatten)]
    pub member: Member,
    /// What all resources have.
    #[command(flatten)]
    pub resources: Resources,
}

impl Wanted {
    /// Those of these flags that the documents of `cwl2le policies` depend on, as they are typed.
    pub(crate) fn of_policies(&self) -> Vec<String> {
        let flags = [
            ("--role-path", self.resources.roles.path.as_deref()),
            ("--permissions-boundary", self.resources.roles.permissions_boundary.as_deref()),
            ("--kms-key", self.stream.kms_key.as_deref()),
            ("--on-failure", self.trigger.on_failure.as_deref()),
            ("--accept-organization", self.accounts.organization.as_deref()),
            ("--alarms", self.alarms.notify.as_deref()),
            ("--email", self.alarms.email.as_deref()),
            ("--dashboard", self.dashboard.make.map(|make| if make { "true" } else { "false" })),
            ("--quarantine", self.function.quarantine.as_deref()),
            ("--bucket-owner", self.function.bucket_owner.as_deref()),
            ("--token-ssm", self.destination.token_ssm.as_deref()),
            ("--token-secret", self.destination.token_secret.as_deref()),
        ];
        let given = flags.into_iter().filter_map(|(flag, value)| Some([flag, value?]));
        let mut given: Vec<String> = given.flatten().map(ToOwned::to_owned).collect();
        let lists = [
            ("--subnets", self.function.subnets.as_deref().map(joined)),
            ("--security-groups", self.function.security_groups.as_deref().map(joined)),
        ];
        let accept = self.accounts.accept.iter();
        given.extend(accept.flat_map(|ids| ["--accept-accounts".to_owned(), ids.to_string()]));
        given.extend(lists.into_iter().filter_map(|(flag, ids)| Some([flag.to_owned(), ids?])).flatten());
        given.extend(self.member.flags());
        given
    }
}

/// Several values as one flag takes them.
fn joined(values: &[impl std::ops::Deref<Target = str>]) -> String {
    values.iter().map(|value| &**value).collect::<Vec<_>>().join(",")
}
