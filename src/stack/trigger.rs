//! The event source mapping from the stream to the forwarder.

use serde::Serialize;

use super::Setting;

/// The trigger that a stack wants. What delivery depends on is not a setting: TRIM_HORIZON (LATEST can miss
/// records while the mapping comes up), `ReportBatchItemFailures`, retries and age without limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriggerSpec {
    /// Records in one invocation at most, 1 to 10,000.
    pub batch_size: Setting<u32>,
    /// Seconds to wait for a batch to fill, 0 to 300.
    pub window_seconds: Setting<u32>,
    /// Concurrent invocations per shard, 1 to 10.
    pub parallelization: Setting<u32>,
    /// Whether a batch is halved after a function error, so that a crash is narrowed down.
    pub bisect: Setting<bool>,
    /// ARN of an S3 bucket, SQS queue or SNS topic that gets what expires.
    pub on_failure: Setting<Option<String>>,
}
