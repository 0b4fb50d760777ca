//! An alarm as it is.

use super::rule::Rule;
use crate::stack::Tags;

/// An alarm with a name that one of this stack has.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedAlarm {
    /// Its ARN.
    pub arn: String,
    /// When it goes off, and whom it notifies.
    pub rule: Rule,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Its tags.
    pub tags: Tags,
}

impl ObservedAlarm {
    /// Its threshold in minutes, where that is a time in milliseconds of at least a minute.
    pub(crate) fn minutes(&self) -> Option<u32> {
        let minutes = self.rule.threshold.as_u64()? / 60_000;
        u32::try_from(minutes).ok().filter(|minutes| *minutes > 0)
    }
}
