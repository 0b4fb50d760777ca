//! What can be done to the account policy.

use std::collections::BTreeSet;

use super::desired;
use crate::plan::Kind;

/// Stands for the kind where the engine asks something of it.
pub(crate) struct AccountPolicy;

impl Kind {
    /// An account-level subscription policy.
    pub const ACCOUNT_POLICY: Self = Self::new("account policy").subscription();
}

/// One change to the account policy, with everything needed to carry it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the AWS call that the variant names")]
pub enum Action {
    /// Create or replace the account policy. Log groups that were excluded since it was read stay excluded, except for
    /// those in `no_longer`.
    Put { policy: Box<desired::AccountPolicy>, no_longer: BTreeSet<String> },
    /// Exclude more log groups from the account policy of this name, if it still exists.
    LeaveOut { policy: String, log_groups: BTreeSet<String> },
    /// Stop excluding this log group from the account policy of this name, if it still exists.
    StopLeavingOut { policy: String, log_group: String },
    /// Replace the account policy of this name by another one. If that fails, the old one is restored.
    Replace { name: String, put: Box<desired::AccountPolicy> },
    /// Delete the account policy.
    Delete { name: String },
}

impl Action {
    /// The pattern that the account policy gets.
    pub(crate) fn pattern(&self) -> Option<&str> {
        match self {
            Self::Put { policy, .. } | Self::Replace { put: policy, .. } => Some(&policy.pattern),
            Self::LeaveOut { .. } | Self::StopLeavingOut { .. } | Self::Delete { .. } => None,
        }
    }
}
