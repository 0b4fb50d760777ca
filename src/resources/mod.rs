//! The resources of a stack: a folder for each kind, and what is said of them together.

pub mod account_policy;
mod action;
pub mod alarm;
pub mod alias;
#[cfg(test)]
mod aws_tests;
mod cost;
#[cfg(test)]
mod cost_tests;
pub mod dashboard;
mod depth;
mod failing;
pub mod filter;
pub mod function;
pub mod grants;
pub(crate) mod kept;
pub(crate) mod kind;
mod kinds;
pub mod log_group;
pub mod logs_destination;
mod losses;
#[cfg(test)]
mod losses_tests;
pub(crate) mod managed;
mod member;
#[cfg(test)]
mod member_tests;
#[cfg(test)]
pub(crate) mod model;
mod numbers;
mod observe;
#[cfg(test)]
mod observe_tests;
mod observed;
mod own;
mod registry;
mod removal;
pub(crate) mod restore;
pub mod role;
pub mod routing;
mod setup;
mod stack;
pub mod stream;
pub mod subscriptions;
mod teardown;
#[cfg(test)]
mod teardown_tests;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod to_destination;
#[cfg(test)]
mod to_destination_tests;
pub mod topic;
pub mod trigger;
mod unread;
#[cfg(test)]
mod vanish_tests;

pub use crate::plan::{
    Cost, Extent, Field, Head, HeadRow, Kept, Kind, Loss, Origin, Over, Refusal, ResourceId, Stage, Verb,
};
pub use account_policy::desired::{AccountPolicy, AccountPolicySpec, SELECTION_BYTES};
pub use account_policy::leave_out::would_loop;
pub use account_policy::own::{is_member_policy, is_own_policy};
pub(crate) use action::Draft;
pub use action::{Action, Plan, Step};
pub use alarm::desired::{AlarmsSpec, BEHIND_MINUTES, Notify};
pub use alarm::observed::ObservedAlarm;
pub(crate) use alarm::set::behind as alarm_on_late_lines;
pub use alias::observed::{Before, ObservedAlias, ObservedVersion, Snapshot};
pub(crate) use cost::{cost, depends_on_use, new_log_groups};
pub use dashboard::observed::ObservedDashboard;
pub use depth::Depth;
pub use filter::aws::{LogGroup, list_log_groups};
pub(crate) use filter::aws::{first_log_groups, log_groups_like, test_patterns};
pub use filter::desired::{Distribution, FilterExtras, FilterSpec};
pub use filter::loops::is_loop;
pub use filter::observe::observe_log_groups;
pub use filter::observed::{ObservedFilter, ObservedGroup};
pub use filter::own::is_own_filter;
pub use filter::plan::{FilterOptions, shown_pattern};
pub use filter::recursion::recursion;
pub use function::CreateFunction;
pub use function::bundle::{Arch, Bundle};
pub(crate) use function::configuration::current_config;
pub use function::configuration::{Unreadable, Whole, main_is_unreadable, whole_config};
pub use function::desired::{EnvValue, FunctionSpec, RUNTIME};
pub use function::forwarders::{isolated_functions, remaining};
pub use function::isolation::{HANDOVER_SECONDS, Isolation};
pub use function::network::Network;
pub use function::observed::{FunctionFailure, ObservedFunction};
pub(crate) use function::plan::{NO_TOKEN, NO_TOKEN_HINT};
pub use function::release::{Recorded, Release};
pub use function::secrets::{ObservedSecret, SecretState, check_secrets};
pub use kind::TeardownOptions;
pub use log_group::aws::tags_of_log_group;
pub use log_group::desired::{LogGroupSpec, retention};
pub use log_group::observed::ObservedLogGroup;
pub use logs_destination::desired::{Accepted, AccountsSpec};
pub use logs_destination::observed::ObservedDestination;
pub use losses::name_losses;
pub use member::{with_member_role, without_member_role};
pub use observe::{observe, observe_member, observe_what_is_allowed};
pub use observed::{Observed, ObservedForwarder};
pub use role::desired::RoleSpec;
pub use role::observed::ObservedRole;
pub use role::same_meaning::same_meaning;
pub use routing::pins::{keep_pins, must_see_pins};
pub use routing::routes::warn_routes;
pub use routing::ways::Subscribed;
pub use setup::setup;
pub use stack::Stack;
pub use stream::desired::{SHARD_CHANGES_A_DAY, StreamMode, StreamSpec, next_shard_count, shard_changes};
pub use stream::observed::{ObservedStream, ProposedShards, StreamStatus};
pub use subscriptions::plan::{
    Subscriptions, bring_subscriptions, once_only, subscribe, subscribe_all, subscribe_each, unsubscribe,
    unsubscribe_all, wanted_pattern,
};
pub use teardown::teardown;
pub(crate) use topic::aws::complete as complete_topic;
pub use topic::observed::{ObservedSubscription, ObservedTopic};
pub(crate) use trigger::aws::readers_of_streams;
pub use trigger::desired::{Start, TriggerSpec, UNLIMITED, max_record_age};
pub use trigger::observed::{ObservedTrigger, TriggerState};
pub use unread::Unread;
