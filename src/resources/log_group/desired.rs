//! The forwarder's log group that is wanted.

use serde::Serialize;

use crate::stack::Setting;

/// The forwarder's log group. It exists before the function, so that it never lives without a retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroupSpec {
    /// Days that the forwarder's own log is kept.
    pub retention_days: Setting<u32>,
}

/// The retention of a log group in words; none means forever.
pub fn retention(days: Option<u32>) -> String {
    match days {
        None => "forever".to_owned(),
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
    }
}
