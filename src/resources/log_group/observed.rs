//! A forwarder's log group as it is.

use crate::resources::filter::observed::ObservedFilter;
use crate::stack::Tags;

/// The forwarder's log group.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedLogGroup {
    /// Its name.
    pub name: String,
    /// Its ARN, without the trailing `:*`.
    pub arn: String,
    /// Number of days that events are kept; none means forever.
    pub retention_days: Option<u32>,
    /// Its subscription filters: one that leads to the stream is a loop.
    pub filters: Vec<ObservedFilter>,
    /// Its tags.
    pub tags: Tags,
}
