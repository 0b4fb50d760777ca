//! An event source mapping as it is.

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
    /// Whether `MetricsConfig` holds `EventCount`.
    pub event_counts: bool,
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
