//! What can be done to a subscription filter.

use super::desired::FilterSpec;
use crate::plan::{Kind, ResourceId};

/// Stands for the kind where the engine asks something of it.
pub(crate) struct Filter;

impl Kind {
    /// A subscription filter.
    pub const SUBSCRIPTION_FILTER: Self = Self::new("subscription filter").subscription().many();
}

impl ResourceId {
    pub(crate) fn filter(log_group: &str, filter: &str) -> Self {
        Self::new(Kind::SUBSCRIPTION_FILTER, format!("{log_group} -> {filter}"))
    }
}

/// One change to a subscription filter, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create or replace a subscription filter.
    Put(Box<FilterSpec>),
    /// Put a subscription filter in the place of the one of this name: before that goes where AWS has room for both, else after, and
    /// then the old one comes back when the new one fails.
    Replace { name: String, put: Box<FilterSpec> },
    /// Delete a subscription filter.
    Delete { log_group: String, name: String },
}
