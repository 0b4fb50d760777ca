//! What AWS takes: the ranges that flags and the configuration file are checked against, from the API models.

use std::ops::RangeInclusive;

/// Provisioned shards of a stream.
pub const SHARDS: RangeInclusive<i64> = 1..=10_000;
/// Hours that a stream keeps records.
pub const RETENTION_HOURS: RangeInclusive<i64> = 24..=8760;
/// Memory of a function in MB.
pub const MEMORY_MB: RangeInclusive<i64> = 128..=10_240;
/// Timeout of the forwarder in seconds. Lambda takes less than 10, which leaves too little time to deliver in.
pub const TIMEOUT_SECONDS: RangeInclusive<i64> = 10..=900;
/// Concurrency that is reserved.
pub const RESERVED_CONCURRENCY: RangeInclusive<i64> = 1..=1000;
/// Records in one invocation at most.
pub const BATCH_SIZE: RangeInclusive<i64> = 1..=10_000;
/// Seconds to wait for a batch to fill.
pub const BATCH_WINDOW_SECONDS: RangeInclusive<i64> = 0..=300;
/// Concurrent invocations for each shard.
pub const PARALLELIZATION: RangeInclusive<i64> = 1..=10;

/// Maximum length of a function's name, from the API model of `CreateFunction`.
pub const FUNCTION_NAME_LENGTH: usize = 64;
/// Seconds until another function serves a destination. Functions have to be updated within them.
pub const HANDOVER_SECONDS: RangeInclusive<i64> = 10..=3600;

/// Days that CloudWatch Logs keeps events, from the API model of `PutRetentionPolicy`.
pub const LOG_RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Whether a number of days is one that CloudWatch Logs takes.
///
/// # Errors
/// The days that it takes.
pub fn log_retention(days: u32) -> Result<u32, String> {
    if LOG_RETENTION_DAYS.contains(&days) {
        Ok(days)
    } else {
        Err(format!("CloudWatch Logs takes one of {LOG_RETENTION_DAYS:?} days"))
    }
}

/// Whether a key of a tag is the user's to set.
///
/// # Errors
/// Why it is not.
pub fn tag_key(key: &str) -> Result<(), String> {
    if key.is_empty() {
        Err("a tag needs a key".to_owned())
    } else if key.starts_with("cwl2le:") || key.starts_with("aws:") {
        Err(format!("`{key}` is reserved: tags that begin with cwl2le: or aws: are not yours to set"))
    } else {
        Ok(())
    }
}

/// Whether a path of roles begins and ends with a slash, as IAM wants it.
///
/// # Errors
/// What is wrong.
pub fn role_path(path: &str) -> Result<(), String> {
    if path.starts_with('/') && path.ends_with('/') {
        Ok(())
    } else {
        Err(format!("a path of roles begins and ends with a slash, and `{path}` does not"))
    }
}
