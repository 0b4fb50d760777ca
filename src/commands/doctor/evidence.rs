//! What is read for all checks, once. Values only: the judgements are pure.

use super::finding::Finding;
use crate::error::{Code, Error};
use crate::resources::{Observed, Plan, Stack};

/// Everything that the checks judge by.
#[derive(Debug)]
pub(super) struct Evidence {
    /// The time by AWS's clock, in seconds since 1970.
    pub(super) now: u64,
    /// The beginning of the time that numbers are about, in seconds since 1970.
    pub(super) since: u64,
    /// The region, or why there is none.
    pub(super) region: Result<String, Error>,
    /// Who is asking, or why AWS does not accept it.
    pub(super) caller: Result<Caller, Error>,
    /// What exists of the stack, or why that is unknown.
    pub(super) chain: Result<Chain, Finding>,
}

/// What exists of the stack, and what `setup` would change about it.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) stack: Stack,
    pub(super) observed: Observed,
    pub(super) plan: Plan,
}

/// Who is asking, as AWS sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The account id.
    pub(super) account: String,
    /// The ARN.
    pub(super) identity: String,
    /// How many seconds AWS's clock is ahead of that of this machine.
    pub(super) clock_ahead: i64,
}

impl Default for Evidence {
    /// Nothing could be read.
    fn default() -> Self {
        let unread = || Error::new(Code::Unreachable, "nothing was read");
        Self {
            now: 0,
            since: 0,
            region: Err(unread()),
            caller: Err(unread()),
            chain: Err(Finding::unknown("nothing was read")),
        }
    }
}
