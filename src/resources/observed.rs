//! What exists, as read from AWS. Pure values: the edge fills them, the planner reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::resources::{AccountPolicy, Arch, Distribution, EnvValue, FilterExtras, StreamMode};
use crate::stack::{Names, Tags};

/// What exists of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The stream.
    pub stream: Option<ObservedStream>,
    /// The role that CloudWatch Logs assumes.
    pub logs_role: Option<ObservedRole>,
    /// The forwarder's execution role.
    pub function_role: Option<ObservedRole>,
    /// The forwarder's log group.
    pub log_group: Option<ObservedLogGroup>,
    /// The forwarder.
    pub function: Option<ObservedFunction>,
    /// The event source mappings from the stream to the forwarder; for a teardown also those from elsewhere.
    pub triggers: Vec<ObservedTrigger>,
    /// Names of all functions that are triggered by the stream or by a consumer of it, the forwarder included.
    pub readers: BTreeSet<String>,
    /// The log groups that the configuration of these functions has them write to in place of `/aws/lambda/NAME`, each with
    /// the function's name.
    pub writers: BTreeMap<String, String>,
    /// The account-level subscription policy of the account and region, whosever it is.
    pub account_policy: Option<AccountPolicy>,
    /// The log groups that were looked at, with their subscription filters; a group that does not exist is absent.
    pub groups: BTreeMap<String, ObservedGroup>,
    /// What there is of functions of isolated destinations, by destination, whosever it is.
    pub isolated: BTreeMap<String, ObservedForwarder>,
    /// What time it was for AWS, in seconds since 1970, where that matters.
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

impl Observed {
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

    /// The same without the log groups that were looked at, of which there may be thousands.
    #[must_use]
    pub(crate) fn without_groups(&self) -> Self {
        Self {
            stream: self.stream.clone(),
            logs_role: self.logs_role.clone(),
            function_role: self.function_role.clone(),
            log_group: self.log_group.clone(),
            function: self.function.clone(),
            triggers: self.triggers.clone(),
            readers: self.readers.clone(),
            writers: self.writers.clone(),
            account_policy: self.account_policy.clone(),
            groups: BTreeMap::new(),
            isolated: self.isolated.clone(),
            time: self.time,
        }
    }
}

/// A stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedStream {
    /// Its ARN.
    pub arn: String,
    /// `CREATING`, `DELETING`, `ACTIVE` or `UPDATING`.
    pub status: StreamStatus,
    /// Capacity, with the number of open shards.
    pub mode: StreamMode,
    /// Number of open shards, also where AWS scales them.
    pub open_shards: u32,
    /// Retention in hours.
    pub retention_hours: u32,
    /// The KMS key, where the stream is encrypted.
    pub kms_key: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// ARNs of its registered consumers (enhanced fan-out).
    pub consumers: Vec<String>,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// Being created.
    Creating,
    /// Being deleted: its name is free a little later.
    Deleting,
    /// Ready.
    Active,
    /// Usable, while a change goes on.
    Updating,
}

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRole {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its path.
    pub path: String,
    /// The ARN of its permissions boundary.
    pub boundary: Option<String>,
    /// Its trust policy.
    pub trust: Value,
    /// Its inline policies by name.
    pub policies: BTreeMap<String, Value>,
    /// The ARNs of its attached managed policies.
    pub attached: Vec<String>,
    /// Its tags.
    pub tags: Tags,
}

/// The forwarder's log group.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedLogGroup {
    /// Its name.
    pub name: String,
    /// Its ARN, without the trailing `:*`.
    pub arn: String,
    /// Days that events are kept; none is for ever.
    pub retention_days: Option<u32>,
    /// Its subscription filters: one that leads to the stream is a loop.
    pub filters: Vec<ObservedFilter>,
    /// Its tags.
    pub tags: Tags,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFunction {
    /// Its ARN, unqualified.
    pub arn: String,
    /// `provided.al2023` where it is ours.
    pub runtime: String,
    /// Its execution role.
    pub role_arn: String,
    /// Its processor.
    pub arch: Arch,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Timeout in seconds.
    pub timeout_seconds: u32,
    /// The base64 SHA-256 of its zip.
    pub code_sha256: String,
    /// Its description; empty where it has none.
    pub description: String,
    /// Its environment variables.
    pub environment: BTreeMap<String, EnvValue>,
    /// Why AWS does not show the environment variables, where it does not: most often its KMS key.
    pub hidden_environment: Option<String>,
    /// Reserved concurrency.
    pub reserved_concurrency: Option<u32>,
    /// The log group that it writes to, where its configuration names one.
    pub log_group: Option<String>,
    /// Whether `State` is Active (or Inactive) and `LastUpdateStatus` Successful; when not, wait before changing it.
    pub settled: bool,
    /// What AWS failed at, where it did.
    pub failure: Option<FunctionFailure>,
    /// When its code or configuration last changed, in milliseconds since 1970, where AWS says so.
    pub modified: Option<i64>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS failed at with a function, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionFailure {
    /// It was never made: it cannot be invoked or updated, only deleted.
    Creation(String),
    /// It works as it did before its last update.
    Update(String),
}

impl fmt::Display for FunctionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Creation(reason) => write!(f, "its creation failed: {reason}"),
            Self::Update(reason) => write!(f, "its last update failed: {reason}"),
        }
    }
}

/// An event source mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedTrigger {
    /// Its id.
    pub uuid: String,
    /// The stream's ARN.
    pub source_arn: String,
    /// The alias or version of the function that it calls, where it calls one.
    pub qualifier: Option<String>,
    /// Its state.
    pub state: TriggerState,
    /// What AWS says of the last result, such as `PROBLEM: ...`.
    pub last_result: Option<String>,
    /// Records in one invocation at most.
    pub batch_size: u32,
    /// Seconds to wait for a batch to fill.
    pub window_seconds: u32,
    /// Concurrent invocations per shard.
    pub parallelization: u32,
    /// Whether a batch is halved after a function error.
    pub bisect: bool,
    /// Retries, -1 for until expiry.
    pub max_retries: i32,
    /// Age in seconds after which a record is given up, -1 for never.
    pub max_age_seconds: i32,
    /// Whether `FunctionResponseTypes` holds `ReportBatchItemFailures`.
    pub reports_item_failures: bool,
    /// Whether it has filter criteria: what these do not let through is gone.
    pub is_filtered: bool,
    /// Seconds of its tumbling window, 0 for none.
    pub tumbling_window_seconds: u32,
    /// `TRIM_HORIZON`, `LATEST` or `AT_TIMESTAMP`.
    pub starting_position: String,
    /// ARN of the destination of what is given up.
    pub on_failure: Option<String>,
}

/// The state of an event source mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerState {
    /// Polling.
    Enabled,
    /// Not polling.
    Disabled,
    /// Being deleted.
    Deleting,
    /// Being created, enabled, disabled or updated.
    InTransition,
}

/// A log group and its subscription filters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedGroup {
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`; empty where AWS does not say.
    pub class: String,
    /// Its filters.
    pub filters: Vec<ObservedFilter>,
}

/// A subscription filter.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedFilter {
    /// Its name.
    pub name: String,
    /// Which events.
    pub pattern: String,
    /// Where they go.
    pub destination_arn: String,
    /// The role that CloudWatch Logs assumes.
    pub role_arn: Option<String>,
    /// How they are spread over the shards.
    pub distribution: Distribution,
    /// What it has beside.
    pub extras: FilterExtras,
}
