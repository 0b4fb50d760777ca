//! The event source mapping that the stack should have.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::observed::ObservedTrigger;
use crate::stack::Setting;

/// The trigger that a stack wants. What delivery depends on is not a setting: TRIM_HORIZON (LATEST can miss
/// records while the mapping comes up), `ReportBatchItemFailures`, retries without limit and age with none but that of
/// the stream.
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
    /// Whether AWS makes metrics of how many events the mapping polls, hands over and drops (`MetricsConfig` with
    /// `EventCount`): without them, nothing tells a stream that nobody reads from a quiet one.
    pub event_counts: Setting<bool>,
    /// ARN of an S3 bucket, SQS queue or SNS topic that gets what expires.
    pub on_failure: Setting<Option<String>>,
    /// Seconds after which a record is given up: see [`max_record_age`].
    pub max_age_seconds: i32,
    /// Where a new trigger begins to read.
    pub start: Start,
}

/// Where a new trigger begins to read. Never at the end of the stream: it would miss records while it comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At the oldest record.
    #[default]
    TrimHorizon,
    /// At the first record that arrived at or after this time, in seconds since 1970; it must have passed.
    At(u64),
}

impl Start {
    /// The starting position, as AWS calls it.
    pub(crate) const fn position(self) -> &'static str {
        match self {
            Self::TrimHorizon => "TRIM_HORIZON",
            Self::At(_) => "AT_TIMESTAMP",
        }
    }

    /// The time, where it begins at one, as RFC 3339.
    pub(crate) fn time(self) -> Option<String> {
        let Self::At(time) = self else { return None };
        Some(humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(time)).to_string())
    }
}

impl TriggerSpec {
    /// Whether records that expire are kept by an on-failure destination, once the mapping is as it is wanted.
    pub(crate) fn keeps_expired(&self, is: Option<&ObservedTrigger>) -> bool {
        match is.filter(|_| !self.on_failure.explicit) {
            Some(is) => is.on_failure.is_some(),
            None => self.on_failure.value.is_some(),
        }
    }
}

/// No limit of its own: a record is tried until the stream no longer has it.
pub const UNLIMITED: i32 = -1;

/// The longest record age that a mapping takes, in seconds: seven days.
const LONGEST_AGE: u32 = 604_800;

/// How long before the stream drops a record its age limit passes, in seconds. What the stream drops before the mapping
/// has read it goes nowhere; within this time all of it must get from the stream to where what expires goes.
const BEFORE_EXPIRY: u32 = 3600;

/// The record age in seconds at which a mapping gives up. Only what passes it goes to the on-failure destination: with
/// [`UNLIMITED`] the stream would drop records in silence, AWS discards none then.
pub fn max_record_age(on_failure: bool, retention_hours: u32) -> i32 {
    if !on_failure {
        return UNLIMITED;
    }
    let age = (retention_hours.saturating_mul(3600)).saturating_sub(BEFORE_EXPIRY).clamp(60, LONGEST_AGE);
    i32::try_from(age).unwrap_or(UNLIMITED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_is_given_up_before_the_stream_drops_it() {
        assert_eq!(max_record_age(false, 24), -1);
        assert_eq!(max_record_age(true, 24), 23 * 3600);
        assert_eq!(max_record_age(true, 168), 167 * 3600);
        assert_eq!(max_record_age(true, 8760), 604_800);
    }
}
