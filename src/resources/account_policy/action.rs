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
    /// Create or replace the account policy. Names that somebody else had it leave out meanwhile stay, but for these.
    Put { policy: Box<desired::AccountPolicy>, no_longer: BTreeSet<String> },
    /// Have the account policy of this name leave more log groups out, where it is still there.
    LeaveOut { policy: String, log_groups: BTreeSet<String> },
    /// Have the account policy of this name no longer leave this log group out, where it is still there.
    StopLeavingOut { policy: String, log_group: String },
    /// Put the account policy in the place of the one of this name, which comes back when that fails.
    Replace { name: String, put: Box<desired::AccountPolicy> },
    /// Delete the account policy.
    Delete { name: String },
}
