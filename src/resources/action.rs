//! One change to one resource, with everything needed to carry it out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::resources::{AccountPolicy, Bundle, EnvValue, FilterSpec, RoleSpec, StreamMode, TriggerSpec};
use crate::stack::Tags;

/// What `apply` does. Each is one mutating AWS call, or the shortest sequence that AWS allows for it, and each can be
/// repeated: a plan that was interrupted and made again gives the rest.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create the stream with its tags and wait until it is ACTIVE.
    CreateStream { name: String, mode: StreamMode, tags: Tags },
    /// Wait until the stream is ACTIVE: an earlier run was interrupted while it was being created.
    AwaitStream { name: String },
    /// Wait until the stream that is being deleted is gone.
    AwaitStreamGone { name: String },
    /// Switch between provisioned and on demand.
    SetStreamMode { arn: String, name: String, mode: StreamMode },
    /// Change the number of shards, in steps of at most double or half as AWS demands.
    SetShards { name: String, from: u32, to: u32 },
    /// Lengthen or shorten the retention.
    SetStreamRetention { name: String, from_hours: u32, to_hours: u32 },
    /// Encrypt with a key, or stop encrypting with `from`.
    SetStreamKey { name: String, from: Option<String>, to: Option<String> },
    /// Add tags.
    TagStream { name: String, tags: Tags },
    /// Delete the stream and wait until it is gone.
    DeleteStream { name: String, force_consumers: bool },

    /// Create the role with its trust, boundary and tags, then its inline policy.
    CreateRole { role: Box<RoleSpec>, tags: Tags },
    /// Replace the trust policy.
    SetTrust { role: String, trust: Value },
    /// Write the inline policy.
    PutRolePolicy { role: String, policy_name: String, policy: Value },
    /// Set the permissions boundary.
    SetBoundary { role: String, boundary: String },
    /// Add tags.
    TagRole { role: String, tags: Tags },
    /// Remove inline policies and attachments, then the role.
    DeleteRole { role: String, policies: Vec<String>, attached: Vec<String> },

    /// Create the forwarder's log group with its tags, then set its retention.
    CreateLogGroup { name: String, retention_days: u32, tags: Tags },
    /// Set the retention.
    SetLogRetention { name: String, days: u32 },
    /// Add tags.
    TagLogGroup { arn: String, tags: Tags },
    /// Delete the log group.
    DeleteLogGroup { name: String },

    /// Create the function and wait until it is Active.
    CreateFunction(Box<CreateFunction>),
    /// Wait until the function is Active and its last update Successful.
    AwaitFunction { name: String },
    /// Invoke the function once with an empty batch: fails where the function cannot start.
    StartFunction { name: String },
    /// Upload another zip and wait.
    UpdateFunctionCode { name: String, bundle: Bundle },
    /// Change description, role, memory, timeout, environment, log group; wait.
    UpdateFunctionConfiguration {
        name: String,
        description: Option<String>,
        role_arn: Option<String>,
        memory_mb: Option<u32>,
        timeout_seconds: Option<u32>,
        environment: Option<BTreeMap<String, EnvValue>>,
        log_group: Option<String>,
    },
    /// Reserve concurrency.
    SetConcurrency { name: String, reserved: u32 },
    /// Reserve none: with none at all it never ran.
    UnsetConcurrency { name: String },
    /// Add tags.
    TagFunction { arn: String, tags: Tags },
    /// Delete the function.
    DeleteFunction { name: String },

    /// Create the event source mapping and wait until it is Enabled.
    CreateTrigger { function: String, stream_arn: String, spec: TriggerSpec, tags: Tags },
    /// Wait until the mapping is Enabled.
    AwaitTrigger { uuid: String },
    /// Wait until the mapping that is being deleted is gone.
    AwaitTriggerGone { uuid: String },
    /// Go on only before this time, in seconds since 1970: the next action has another function serve what arrives from then on.
    BeforeHandover { at: u64 },
    /// Set every field of the mapping, enable it and wait; with `function`, have it call that one from its checkpoint on.
    UpdateTrigger { uuid: String, function: Option<String>, spec: TriggerSpec },
    /// Delete the mapping and wait until it is gone.
    DeleteTrigger { uuid: String },

    /// Create or replace a subscription filter.
    PutFilter(Box<FilterSpec>),
    /// Put a subscription filter in the place of the one of this name: before that goes where AWS has room for both, else after, and
    /// then the old one comes back when the new one fails.
    ReplaceFilter { name: String, put: Box<FilterSpec> },
    /// Delete a subscription filter.
    DeleteFilter { log_group: String, name: String },

    /// Create or replace the account policy. Names that somebody else had it leave out meanwhile stay, but for these.
    PutAccountPolicy { policy: Box<AccountPolicy>, no_longer: BTreeSet<String> },
    /// Have the account policy of this name leave more log groups out, where it is still there.
    LeaveOut { policy: String, log_groups: BTreeSet<String> },
    /// Have the account policy of this name no longer leave this log group out, where it is still there.
    StopLeavingOut { policy: String, log_group: String },
    /// Put the account policy in the place of the one of this name, which comes back when that fails.
    ReplaceAccountPolicy { name: String, put: Box<AccountPolicy> },
    /// Delete the account policy.
    DeleteAccountPolicy { name: String },
}

/// A function to create.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateFunction {
    /// Its name.
    pub name: String,
    /// Its execution role.
    pub role_arn: String,
    /// Its code.
    pub bundle: Bundle,
    /// Its description.
    pub description: String,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_seconds: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, EnvValue>,
    /// Its tags.
    pub tags: Tags,
}
