//! Quotas, which the API models leave wider or open.

use std::ops::RangeInclusive;

/// Timeout of the forwarder in seconds. Lambda takes less than 10, which leaves too little time to deliver in.
pub const TIMEOUT_SECONDS: RangeInclusive<i64> = 10..=900;

/// Maximum length of a function's name, from the reference of `CreateFunction`; the model's 140 are for ARNs.
pub const FUNCTION_NAME_LENGTH: usize = 64;
/// Maximum length of an account policy's name, from the CloudFormation schema of `AWS::Logs::AccountPolicy`.
pub const ACCOUNT_POLICY_NAME_LENGTH: usize = 256;
/// Maximum size of a role's inline policies together, in characters without white space: the quota of IAM.
pub const ROLE_POLICY_SIZE: usize = 10_240;
/// Maximum number of tags on a resource, from `logs:Tags` and `iam:tagListType`; a quota in Kinesis and Lambda.
pub const TAGS: usize = 50;

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
