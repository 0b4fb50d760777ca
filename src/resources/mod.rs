//! The resources of a stack: a folder for each kind, and what is said of them together.

pub mod account_policy;
pub(crate) mod act;
mod action;
#[cfg(test)]
mod aws_tests;
pub mod filter;
pub mod function;
pub mod log_group;
pub(crate) mod losses;
#[cfg(test)]
mod losses_tests;
#[cfg(test)]
mod model;
mod observe;
#[cfg(test)]
mod observe_tests;
mod observed;
pub mod people;
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
mod tests;
pub mod trigger;
#[cfg(test)]
mod vanish_tests;

pub use crate::plan::{
    Field, Head, HeadRow, Kept, Kind, Origin, Plan, Refusal, ResourceId, Stage, Step, Verb,
};
pub use account_policy::desired::{AccountPolicy, AccountPolicySpec, SELECTION_BYTES};
pub use account_policy::plan::{is_own_policy, would_loop};
pub use action::{Action, CreateFunction};
pub use filter::desired::{Distribution, FilterExtras, FilterSpec};
pub use filter::loops::is_loop;
pub use filter::plan::{FilterOptions, UNKNOWN_LOG_GROUP_HINT, is_own_filter, shown_pattern};
pub use filter::recursion::recursion;
pub(crate) use function::configuration::current_config;
pub use function::configuration::{Unreadable, Whole, main_is_unreadable, whole_config};
pub use function::desired::{Arch, Bundle, EnvValue, FunctionSpec, LogGroupSpec, RUNTIME, retention};
pub use function::forwarders::{isolated_functions, remaining};
pub use function::isolation::{HANDOVER_SECONDS, Isolation};
pub use function::release::{Recorded, Release};
pub use function::secrets::{ObservedSecret, SecretState, check_secrets};
pub use log_group::aws::{LogGroup, list_log_groups, tags_of_log_group};
pub use losses::{Loss, name_losses};
pub use observe::{Depth, observe, observe_log_groups};
pub use observed::{
    FunctionFailure, Observed, ObservedFilter, ObservedForwarder, ObservedFunction, ObservedGroup,
    ObservedLogGroup, ObservedRole, ObservedStream, ObservedTrigger, StreamStatus, TriggerState,
};
pub use role::desired::RoleSpec;
pub use role::same_meaning::same_meaning;
pub use routing::pins::{keep_pins, must_see_pins};
pub use routing::routes::{Subscribed, warn_routes};
pub use setup::setup;
pub use stack::Stack;
pub use stream::desired::{SHARD_CHANGES_A_DAY, StreamMode, StreamSpec, next_shard_count, shard_changes};
pub use subscriptions::plan::{
    Subscriptions, bring_subscriptions, once_only, subscribe, subscribe_all, subscribe_each, unsubscribe,
    unsubscribe_all,
};
pub use teardown::{TeardownOptions, teardown};
pub use trigger::desired::{Start, TriggerSpec, UNLIMITED, max_record_age};
