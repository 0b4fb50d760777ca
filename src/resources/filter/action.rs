//! What can be done to a subscription filter.

use super::desired::FilterSpec;
use crate::plan::{Kind, Reads, ResourceId};

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Filter;

impl Kind {
    /// A subscription filter.
    pub const SUBSCRIPTION_FILTER: Self =
        Self::new("subscription filter").reads(Reads::LogGroup).subscription().many();
}

impl ResourceId {
    pub(crate) fn filter(log_group: &str, filter: &str) -> Self {
        Self::new(Kind::SUBSCRIPTION_FILTER, filter).reading(log_group)
    }
}

/// One change to a subscription filter, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create or replace a subscription filter.
    Put(Box<FilterSpec>),
    /// Replace the filter of this name by another one. The new one is created first if AWS has room for both.
    /// Otherwise the old one is deleted first, and restored if the new one cannot be created.
    Replace { name: String, put: Box<FilterSpec> },
    /// Delete a subscription filter.
    Delete { log_group: String, name: String },
}
