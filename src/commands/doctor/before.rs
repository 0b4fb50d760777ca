//! What can be known of a stack before it is set up. Values only.

use super::finding::Finding;
use crate::aws::answers::Denial;
use crate::aws::answers::{FunctionQuota, StreamQuota};
use crate::error::Error;
use crate::resources::{Observed, Plan, Stack};

/// What can be known before a stack is set up.
#[derive(Debug)]
pub(super) struct Before {
    /// The stack that flags and file mean, what exists of it and what `setup` would do, or why that is unknown.
    pub(super) planned: Result<Planned, Error>,
    /// The actions that `setup` may need and IAM denies, out of how many; or why that is unknown.
    pub(super) rights: Result<Rights, Finding>,
    /// The command that prints the policy with all of them, from the verb on.
    pub(super) policy: Vec<String>,
    /// The quotas of Kinesis.
    pub(super) streams: Result<StreamQuota, Finding>,
    /// The quotas of Lambda.
    pub(super) functions: Result<FunctionQuota, Finding>,
}

/// The stack as it should be, as it is, and the way between.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) stack: Stack,
    pub(super) observed: Observed,
    pub(super) plan: Plan,
}

/// What the caller may do.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rights {
    /// How many actions IAM was asked about.
    pub(super) asked: usize,
    /// Those that it denies.
    pub(super) denied: Vec<Denial>,
}
