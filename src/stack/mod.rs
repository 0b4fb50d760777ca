//! What should exist. Pure values: no SDK, no clock, no I/O.

mod account_policy;
pub mod arn;
mod filter;
mod function;
mod isolation;
pub mod limits;
pub mod names;
pub mod policy;
mod recursion;
mod release;
mod role;
pub mod selection;
mod setting;
mod stream;
pub mod target;
mod trigger;

use std::collections::BTreeMap;

use serde::Serialize;

pub use account_policy::{AccountPolicy, AccountPolicySpec, SELECTION_BYTES};
pub use filter::{Distribution, FilterExtras, FilterSpec};
pub use function::{Arch, Bundle, EnvValue, FunctionSpec, LogGroupSpec, RUNTIME, retention};
pub use isolation::{HANDOVER_SECONDS, Isolation};
pub use names::{Names, RoleScope, StackName};
pub use recursion::recursion;
pub use release::{Recorded, Release};
pub use role::RoleSpec;
pub use setting::Setting;
pub use stream::{SHARD_CHANGES_A_DAY, StreamMode, StreamSpec, next_shard_count, shard_changes};
pub use target::{Region, Target};
pub use trigger::{Start, TriggerSpec, UNLIMITED, max_record_age};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

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
    /// The tags that every resource of the stack carries, ours included.
    pub tags: Tags,
}

impl Stack {
    /// The names of its functions: the main one, then those of isolated destinations.
    pub fn functions(&self) -> impl Iterator<Item = String> {
        let isolated = self.isolation.destinations.iter().map(|name| self.names.isolated(name).function);
        [self.names.function.clone()].into_iter().chain(isolated)
    }
}

/// The tags that mark a resource as this stack's own, and the user's beside them.
pub fn tags(stack: &StackName, region: &Region, user: &Tags) -> Tags {
    let mut tags = user.clone();
    tags.insert(names::STACK_TAG.to_owned(), stack.to_string());
    tags.insert(names::REGION_TAG.to_owned(), region.to_string());
    tags.insert(names::VERSION_TAG.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    tags
}

/// Whether tags say that a resource is this stack's own in this region.
pub fn owns(stack: &StackName, region: &Region, tags: &Tags) -> bool {
    tags.get(names::STACK_TAG).is_some_and(|s| s == stack.as_str())
        && tags.get(names::REGION_TAG).is_some_and(|r| r == region.as_str())
}
